import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type AccessShown, getAccessOptions, meOptions } from "../api";
import { LAST_PROJECT } from "../lastProject";
import { PERSONAL, type Place } from "../navigation";

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

/** The places under one's name: what is for admins of the whole instance is shown to them. */
export function usePersonal(): readonly Place[] {
  const { data } = useQuery(meOptions());
  const everywhere = data?.grants.some(
    ({ role, project, environment }) => role === "admin" && project === null && environment === null,
  );
  return PERSONAL.filter((place) => !place.instance || everywhere);
}
