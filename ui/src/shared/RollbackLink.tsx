import type { ReactNode } from "react";
import { ButtonLink } from "./links";

interface Props {
  project: string;
  environment: string;
  /** What is taken back: what a prompt serves, what a revision did, or everything since a moment. */
  what: { prompt: string } | { revision: number } | { time: string };
  size?: "xs";
  /** Its name for who cannot see what it stands beside. */
  label?: string;
  children: ReactNode;
}

/** Leads to where a way back is looked at, and taken or proposed. */
export function RollbackLink({ project, environment, what, size, label, children }: Props) {
  return (
    <ButtonLink
      size={size}
      variant="default"
      style={{ flexShrink: 0 }}
      to="/p/$project/propose"
      params={{ project }}
      search={{ environment, kind: "rollback", ...what }}
      aria-label={label}
    >
      {children}
    </ButtonLink>
  );
}
