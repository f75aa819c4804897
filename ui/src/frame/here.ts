import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type AccessShown, getAccessOptions, meOptions } from "../api";
import { LAST_PROJECT } from "../lastProject";
import { PERSONAL, type Place, PLACES } from "../navigation";

export type Permission = AccessShown["project"][number];

/** The project of the address, or the one that was looked at last; empty before there is one. */
export function useProject(): string {
  const { project } = useParams({ strict: false });
  const { data } = useQuery(meOptions());
  const last = localStorage.getItem(LAST_PROJECT) ?? "";
  return project ?? data?.projects.find((name) => name === last) ?? data?.projects[0] ?? "";
}

/** Whether the API would let one do this in the project, or in one environment of it. Until it has said so: no. */
export function useMay(project: string): (permission: Permission, environment?: string) => boolean {
  const { data } = useQuery({ ...getAccessOptions({ path: { project } }), enabled: project !== "" });
  return (permission, environment) =>
    data !== undefined && (environment ? (data.environments[environment] ?? []) : data.project).includes(permission);
}

/** Whether the API has said what one may do in the project, or failed to: a page drawn before would move with its buttons. */
export function useAccessKnown(project: string): boolean {
  // Once failed it stays said: a query that failed is asked anew, and pending again, by each part that comes and wants it.
  const { isPending, failureCount, errorUpdateCount } = useQuery({
    ...getAccessOptions({ path: { project } }),
    enabled: project !== "",
  });
  return project === "" || !isPending || failureCount + errorUpdateCount > 0;
}

/** Whether the API would let one do this in the whole instance. Until it has said so: no. */
export function useMayEverywhere(): (permission: Permission) => boolean {
  const { data } = useQuery(meOptions());
  return (permission) => data?.everywhere.includes(permission) ?? false;
}

/** The places of a project, those that one may use. */
export function usePlaces(project: string): readonly Place[] {
  const may = useMay(project);
  return project === "" ? [] : PLACES.filter((place) => !place.needs || may(place.needs));
}

/** The places under one's name, those that one may use. */
export function usePersonal(): readonly Place[] {
  const may = useMayEverywhere();
  return PERSONAL.filter((place) => !place.needs || may(place.needs));
}
