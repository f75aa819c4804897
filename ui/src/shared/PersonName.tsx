/** Who did something: its writing direction ends where the name ends. */
export function PersonName({ of }: { of: string }) {
  return <bdi style={{ overflowWrap: "anywhere" }}>{of}</bdi>;
}
