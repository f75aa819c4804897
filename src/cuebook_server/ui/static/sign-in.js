// The secret stands behind the # of the link, which no browser sends: it reaches the server in this form and nowhere else.
const form = document.querySelector("form[data-secret]");
const secret = location.hash.slice(1);
if (form && secret) {
  history.replaceState(null, "", location.pathname);
  form.elements.secret.value = secret;
}
