import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type Rect, useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { memo, useDeferredValue, useRef } from "react";
import type { EnvironmentShown, StatusItem, StatusShown } from "../../api";
import { Cell } from "./Cell";
import { differs } from "./rows";

const ROW = 48;
const ABOVE = 272; // what the page needs besides the box: `17rem` in `home.css`
// A phone shows each prompt as a card: a line for every environment below the name (`48em` in `home.css`).
const PHONE = 768;
const CARD_LINE = 36;
const BEYOND = 6; // rows that are drawn though they are not in sight

/** Prompts by environments. Only the rows in sight are drawn: a thousand cost as much as twenty. */
export function Matrix({ project, status, rows }: { project: string; status: StatusShown; rows: StatusItem[] }) {
  const box = useRef<HTMLDivElement>(null);
  const stops = status.environments;
  const expected = window.innerWidth <= PHONE ? ROW + CARD_LINE * stops.length : ROW;
  const drawn = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => expected,
    initialRect: { width: window.innerWidth, height: window.innerHeight - ABOVE },
    observeElementRect: watched,
    getItemKey: (at) => rows[at]!.prompt,
    // The browser tells how high a row became after it was drawn; asking at once would make it lay the page out twice.
    measureElement: (row, told, drawn) => {
      const key = drawn.options.getItemKey(drawn.indexFromElement(row));
      return Math.round(told?.borderBoxSize[0]?.blockSize ?? drawn.itemSizeCache.get(key) ?? expected);
    },
    overscan: useDeferredValue(BEYOND, 0),
  });
  if (rows.length === 0) return <Text c="dimmed">No prompt fits. Show all, or type less.</Text>;
  return (
    <div ref={box} className="panel matrix" tabIndex={0} role="group" aria-label="Prompts by environments">
      <div
        role="table"
        aria-label="What runs where"
        aria-rowcount={rows.length + 1}
        style={{ "--stops": stops.length } as React.CSSProperties}
      >
        <div role="rowgroup" className="matrix-head">
          <div role="row" aria-rowindex={1} className="matrix-row">
            <div role="columnheader">Prompt</div>
            {stops.map((stop) => (
              <div role="columnheader" key={stop.name}>
                <Link
                  className="plain"
                  to="/p/$project/environments/$environment"
                  params={{ project, environment: stop.name }}
                >
                  {stop.name}
                </Link>
                <div className="quiet">{serves(stop)}</div>
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" style={{ height: drawn.getTotalSize(), position: "relative" }}>
          {drawn.getVirtualItems().map((item) => (
            <div
              key={item.key}
              ref={drawn.measureElement}
              data-index={item.index}
              role="row"
              aria-rowindex={item.index + 2}
              className="matrix-row matrix-prompt"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <Row project={project} stops={stops} row={rows[item.index]!} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

// Rows that stay while one types are not drawn again.
const Row = memo(function Row({
  project,
  stops,
  row,
}: {
  project: string;
  stops: EnvironmentShown[];
  row: StatusItem;
}) {
  const dot = row.prompt.lastIndexOf(".") + 1;
  const about = [row.owner, ...row.tags].filter(Boolean).join(" · ");
  const differing = differs(row);
  return (
    <>
      <div role="rowheader">
        <Link className="plain" to="/p/$project/prompts/$name" params={{ project, name: row.prompt }}>
          <span className="quiet">{row.prompt.slice(0, dot)}</span>
          <strong>{row.prompt.slice(dot)}</strong>
        </Link>
        {about && <div className="quiet about">{about}</div>}
      </div>
      {stops.map((stop) => (
        <Cell key={stop.name} project={project} stop={stop} row={row} differing={differing} />
      ))}
    </>
  );
});

/** How large the box is, as the browser finds it: the first rows are drawn before that, for a box as high as it may be. */
function watched(drawn: Virtualizer<HTMLDivElement, HTMLDivElement>, tell: (box: Rect) => void): () => void {
  const watching = new ResizeObserver(([box]) => box && tell(box.contentRect));
  watching.observe(drawn.scrollElement!);
  return () => watching.disconnect();
}

/** How an environment gets what it serves. */
function serves(stop: EnvironmentShown): string {
  if (stop.tracks_latest) return "every save";
  const source = stop.policy["comes_from"];
  return typeof source === "string" ? `from ${source}` : "by release";
}
