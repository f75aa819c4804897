import { expect, test } from "vitest";
import { counted } from "./counts";
import { age, relative } from "./times";

const now = new Date("2026-11-20T12:00:00Z");
const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);

test.each([
  [-1, "just now"],
  [30, "in a moment"],
  [-60, "1 minute ago"],
  [-7_199, "1 hour ago"],
  [7_200, "in 2 hours"],
  [-3 * 86_400, "3 days ago"],
  [-400 * 86_400, "1 year ago"],
])("%i seconds from now is %s", (seconds, words) => {
  expect(relative(after(seconds), now)).toBe(words);
});

test("ages are short", () => {
  expect(age(after(-3 * 86_400), now)).toBe("3 d");
  expect(age(after(-59), now)).toBe("now");
});

test("thousands are parted, as the browser does it", () => {
  for (const count of [0, 7, 999, 1_000, 12_345, 1_234_567]) expect(counted(count)).toBe(count.toLocaleString("en"));
});
