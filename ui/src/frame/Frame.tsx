import { AppShell, Burger, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useLocation, useParams, useRouter } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useEffect, useRef } from "react";
import { LAST_PROJECT } from "../lastProject";
import { Away } from "../shared/Away";
import { goOn as goOnFrom } from "../shared/focus";
import { useAccessKnown, useProject } from "./here";
import { Loading } from "../shared/Loading";
import { Palette } from "./Palette";
import { Places } from "./Places";

/** What every page stands in: the places on the left, on a phone behind a button. */
export function Frame() {
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const project = useProject();
  const accessKnown = useAccessKnown(useParams({ strict: false }).project ?? "");
  const router = useRouter();
  // A page whose code did not come is loaded.
  const goOn = useCallback(() => void router.invalidate(), [router]);
  const main = useRef<HTMLDivElement>(null);
  // What nobody sees yet is made once there is a page to see.
  const settled = useDeferredValue(true, false);
  useEffect(close, [pathname, close]);
  useEffect(
    () =>
      router.subscribe("onRendered", ({ fromLocation, pathChanged }) => fromLocation && pathChanged && goOnFrom(null)),
    [router],
  );
  useEffect(() => {
    if (project) localStorage.setItem(LAST_PROJECT, project);
  }, [project]);
  return (
    <AppShell
      header={{ height: { base: 52, sm: 0 } }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "md", sm: "xl" }}
    >
      <a className="skip" href="#main" onClick={() => main.current?.focus()}>
        To the page
      </a>
      <AppShell.Header hiddenFrom="sm" className="no-print">
        <Group h="100%" px="md" justify="space-between">
          <Name />
          <Burger opened={opened} onClick={toggle} size="sm" aria-label="Places" aria-expanded={opened} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" className="ground no-print" aria-label="Places">
        <Places project={project} />
      </AppShell.Navbar>
      <AppShell.Main>
        <div id="main" ref={main} tabIndex={-1} style={{ outline: "none", maxWidth: "84rem" }}>
          {accessKnown ? <Outlet /> : <Loading />}
        </div>
      </AppShell.Main>
      {settled && <Palette project={project} />}
      <Away onBack={goOn} />
    </AppShell>
  );
}

export function Name() {
  return (
    <Text component={Link} to="/" fw={700} c="inherit" style={{ textDecoration: "none" }}>
      Cuebook
    </Text>
  );
}
