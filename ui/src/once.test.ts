import { expect, test } from "vitest";
import { answered, keyFor } from "./once";

const release = ["POST", "/api/projects/default/releases"] as const;

test("a change whose answer was lost goes out under the same key", () => {
  const key = keyFor(...release, "a");
  expect(keyFor(...release, "a")).toBe(key);
  answered(key, 503);
  expect(keyFor(...release, "a")).toBe(key);
});

test("another change, or the same one after an answer, has a key of its own", () => {
  const key = keyFor(...release, "b");
  expect(keyFor(...release, "c")).not.toBe(key);
  expect(keyFor("PUT", release[1], "b")).not.toBe(key);
  answered(key, 201);
  expect(keyFor(...release, "b")).not.toBe(key);
  expect(key).toMatch(/^[0-9a-f]{32}$/);
});
