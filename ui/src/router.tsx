import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { meOptions, queries } from "./api";
import { Frame } from "./frame/Frame";
import { NotFound } from "./frame/NotFound";
import { LAST_PROJECT } from "./lastProject";
import { parse, write } from "./search";
import { Loading } from "./shared/Loading";
import { Problem } from "./shared/Problem";
import { auditSearch } from "./pages/audit/search";
import { editorSearch } from "./pages/editor/search";
import { environmentSearch } from "./pages/environment/search";
import { homeSearch } from "./pages/home/search";
import { keysSearch } from "./pages/keys/search";
import { membersSearch } from "./pages/members/search";
import { prefetch } from "./pages/home/status";
import { promptSearch } from "./pages/prompt/search";
import { proposeSearch } from "./pages/propose/search";
import { releaseSearch } from "./pages/release/search";
import { releasesSearch } from "./pages/releases/search";
import { webhooksSearch } from "./pages/webhooks/search";

/*
 * Every address of the pages. They are shared, linked and kept: an address here does not change. What stands behind the `?` is
 * read by the page's own `search.ts`, and a page's code is loaded when somebody goes there.
 */

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound });

const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async () => {
    const { projects } = await queries.ensureQueryData(meOptions());
    const last = localStorage.getItem(LAST_PROJECT);
    const project = projects.find((name) => name === last) ?? projects[0];
    if (project !== undefined) throw redirect({ to: "/p/$project", params: { project }, replace: true });
  },
  component: lazyRouteComponent(() => import("./pages/home/NoProject"), "Page"),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/p/$project",
  validateSearch: homeSearch,
  loader: ({ params }) => prefetch(params.project),
  component: lazyRouteComponent(() => import("./pages/home/Page"), "Page"),
});
const prompt = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/prompts/$name",
  validateSearch: promptSearch,
  component: lazyRouteComponent(() => import("./pages/prompt/Page"), "Page"),
});
const editor = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/prompts/$name/edit",
  validateSearch: editorSearch,
  component: lazyRouteComponent(() => import("./pages/editor/Page"), "Page"),
});
const newPrompt = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/new-prompt",
  component: lazyRouteComponent(() => import("./pages/editor/New"), "Page"),
});
const releases = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/releases",
  validateSearch: releasesSearch,
  component: lazyRouteComponent(() => import("./pages/releases/Page"), "Page"),
});
const release = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/releases/$release",
  validateSearch: releaseSearch,
  component: lazyRouteComponent(() => import("./pages/release/Page"), "Page"),
});
const evidence = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/releases/$release/evidence",
  component: lazyRouteComponent(() => import("./pages/evidence/Page"), "Page"),
});
const propose = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/propose",
  validateSearch: proposeSearch,
  component: lazyRouteComponent(() => import("./pages/propose/Page"), "Page"),
});
const environment = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/environments/$environment",
  validateSearch: environmentSearch,
  component: lazyRouteComponent(() => import("./pages/environment/Page"), "Page"),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/keys",
  validateSearch: keysSearch,
  component: lazyRouteComponent(() => import("./pages/keys/Page"), "Page"),
});
const members = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/members",
  validateSearch: membersSearch,
  component: lazyRouteComponent(() => import("./pages/members/Page"), "Page"),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("./pages/audit/Page"), "Page"),
});
const webhooks = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/webhooks",
  validateSearch: webhooksSearch,
  component: lazyRouteComponent(() => import("./pages/webhooks/Page"), "Page"),
});
const people = createRoute({
  getParentRoute: () => root,
  path: "/people",
  component: lazyRouteComponent(() => import("./pages/people/Page"), "Page"),
});
const account = createRoute({
  getParentRoute: () => root,
  path: "/me",
  component: lazyRouteComponent(() => import("./pages/me/Page"), "Page"),
});
const newProject = createRoute({
  getParentRoute: () => root,
  path: "/new-project",
  component: lazyRouteComponent(() => import("./pages/home/NewProject"), "Page"),
});
const notices = createRoute({
  getParentRoute: () => root,
  path: "/notices",
  component: lazyRouteComponent(() => import("./pages/notices/Page"), "Page"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    start,
    home,
    prompt,
    editor,
    newPrompt,
    releases,
    release,
    evidence,
    propose,
    environment,
    keys,
    members,
    audit,
    webhooks,
    people,
    account,
    newProject,
    notices,
  ]),
  parseSearch: parse,
  stringifySearch: write,
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error }) => <Problem error={error} />,
  defaultNotFoundComponent: NotFound,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
