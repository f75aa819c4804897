/** What can be told, and when it is. A test holds the names against the server's. */
export const EVENTS: Readonly<Record<string, string>> = {
  "release.applied": "an environment changed",
  "release.rolled_back": "an environment went back",
  "release.proposed": "somebody asks for a release",
  "release.approved": "somebody approved one",
  "release.declined": "somebody declined one",
  "release.withdrawn": "its author took one back",
  "release.stale": "a scheduled release no longer fits",
  "release.failed": "a scheduled release was not applied",
  "release.break_glass": "an emergency went past the rules",
  "review.closed": "somebody looked at an emergency",
  "version.recalled": "a version was declared harmful",
  "environment.changed": "the rules of an environment changed",
  "drift.found": "an environment has been behind for long",
  "drift.ended": "it has caught up",
  "epoch.begun": "the database was put back or taken over",
};
