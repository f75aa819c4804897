import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  type RouteComponent,
} from "@tanstack/react-router";
import { meOptions, queries } from "./api";
import { Frame } from "./frame/Frame";
import { NotFound } from "./frame/NotFound";
import { LAST_PROJECT } from "./lastProject";
import { parse, write } from "./search";
import { missing } from "./shared/Away";
import { Loading } from "./shared/Loading";
import { PageHeader } from "./shared/PageHeader";
import { Problem } from "./shared/Problem";
import { auditSearch } from "./pages/audit/search";
import { editorSearch } from "./pages/editor/search";
import { environmentSearch } from "./pages/environment/search";
import { Page as Home } from "./pages/home/Page";
import { homeSearch } from "./pages/home/search";
import { keysSearch } from "./pages/keys/search";
import { membersSearch } from "./pages/members/search";
import { firstAnswers } from "./pages/home/status";
import { promptSearch } from "./pages/prompt/search";
import { proposeSearch } from "./pages/propose/search";
import { releaseSearch } from "./pages/release/search";
import { releasesSearch } from "./pages/releases/search";
import { webhooksSearch } from "./pages/webhooks/search";

/*
 * Every address of the pages. They are shared, linked and kept: an address here does not change. What stands behind the `?` is
 * read by the page's own `search.ts`, and a page's code is loaded when somebody goes there.
 */

/** A page, whose code comes when somebody goes there. Where it does not come, that page says why. */
const lazyPage = (load: () => Promise<unknown>): RouteComponent =>
  lazyRouteComponent(() => load().catch(missing) as Promise<{ Page: RouteComponent }>, "Page");

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
  component: lazyPage(() => import("./pages/home/NoProject")),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/p/$project",
  validateSearch: homeSearch,
  loader: ({ params }) => firstAnswers(params.project),
  // Its code comes with the first file: whoever opens the pages begins here.
  component: Home,
});
const prompt = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/prompts/$name",
  validateSearch: promptSearch,
  component: lazyPage(() => import("./pages/prompt/Page")),
});
const editor = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/prompts/$name/edit",
  validateSearch: editorSearch,
  component: lazyPage(() => import("./pages/editor/Page")),
});
const newPrompt = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/new-prompt",
  component: lazyPage(() => import("./pages/editor/New")),
});
const releases = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/releases",
  validateSearch: releasesSearch,
  component: lazyPage(() => import("./pages/releases/Page")),
});
const release = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/releases/$release",
  validateSearch: releaseSearch,
  component: lazyPage(() => import("./pages/release/Page")),
});
const evidence = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/releases/$release/evidence",
  component: lazyPage(() => import("./pages/evidence/Page")),
});
const propose = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/propose",
  validateSearch: proposeSearch,
  component: lazyPage(() => import("./pages/propose/Page")),
});
const environment = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/environments/$environment",
  validateSearch: environmentSearch,
  component: lazyPage(() => import("./pages/environment/Page")),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/keys",
  validateSearch: keysSearch,
  component: lazyPage(() => import("./pages/keys/Page")),
});
const members = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/members",
  validateSearch: membersSearch,
  component: lazyPage(() => import("./pages/members/Page")),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/audit",
  validateSearch: auditSearch,
  component: lazyPage(() => import("./pages/audit/Page")),
});
const webhooks = createRoute({
  getParentRoute: () => root,
  path: "/p/$project/webhooks",
  validateSearch: webhooksSearch,
  component: lazyPage(() => import("./pages/webhooks/Page")),
});
const people = createRoute({
  getParentRoute: () => root,
  path: "/people",
  component: lazyPage(() => import("./pages/people/Page")),
});
const account = createRoute({
  getParentRoute: () => root,
  path: "/me",
  component: lazyPage(() => import("./pages/me/Page")),
});
const newProject = createRoute({
  getParentRoute: () => root,
  path: "/new-project",
  component: lazyPage(() => import("./pages/home/NewProject")),
});
const notices = createRoute({
  getParentRoute: () => root,
  path: "/notices",
  component: lazyPage(() => import("./pages/notices/Page")),
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
  defaultErrorComponent: ({ error }) => (
    <>
      <PageHeader title="This page did not come" />
      <Problem error={error} />
    </>
  ),
  defaultNotFoundComponent: NotFound,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
