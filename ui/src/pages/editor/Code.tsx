import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  keymap,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";
import { useEffect, useLayoutEffect, useRef } from "react";
import { nonce } from "../../security";
import { codeOf } from "../../shared/Seen";
import { TAG } from "../prompt/content";

const MARK = Decoration.mark({ class: "variable" });
/** A character that nobody sees, as its code: what turns the writing direction round does not do so here. */
class Hidden extends WidgetType {
  readonly character: string;
  constructor(character: string) {
    super();
    this.character = character;
  }
  override eq(other: Hidden): boolean {
    return other.character === this.character;
  }
  override toDOM(): HTMLElement {
    const shown = document.createElement("span");
    shown.className = "hidden-character";
    shown.textContent = codeOf(this.character);
    return shown;
  }
}
const marker = new MatchDecorator({
  regexp: TAG,
  decoration: ([, , , , hidden]) => (hidden ? Decoration.replace({ widget: new Hidden(hidden) }) : MARK),
});
const marked = ViewPlugin.define(
  (view) => ({
    decorations: marker.createDeco(view),
    update(change: ViewUpdate) {
      this.decorations = marker.updateDeco(change, this.decorations);
    },
  }),
  { decorations: (plugin) => plugin.decorations },
);

/** What the server found; it moves along with the text until the server has looked again. */
const find = StateEffect.define<readonly Finding[]>();
const found = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    const told = transaction.effects.find((effect) => effect.is(find));
    if (told === undefined) return decorations.map(transaction.changes);
    const marks = (told.value as readonly Finding[]).map(({ start, end, sentence, grave }) =>
      Decoration.mark({ class: grave ? "finding grave" : "finding", attributes: { title: sentence } }).range(
        start,
        end,
      ),
    );
    return Decoration.set(marks, true);
  },
  provide: (field) => EditorView.decorations.from(field),
});

const offer =
  (names: readonly string[]) =>
  (context: CompletionContext): CompletionResult | null => {
    const typed = context.matchBefore(/\{\{[ ]?[\p{L}\p{N}_]*/u);
    if (typed === null) return null;
    return { from: typed.from, options: names.map((name) => ({ label: `{{${name}}}`, type: "variable" })) };
  };

/** A stretch of the text that is worth a look. */
export interface Finding {
  start: number;
  end: number;
  sentence: string;
  grave: boolean;
}

interface Props {
  label: string;
  value: string;
  names: readonly string[];
  /** What was found in the text `of`; in another text these places mean nothing. */
  findings: { of: string; all: readonly Finding[] };
  /** A stretch to be shown: each object once. */
  shown?: { start: number; end: number };
  onChange: (value: string) => void;
}

/** The field in which a template is written: variables marked, and offered after two braces. Tab leaves it. */
export default function Code({ label, value, names, findings, shown, onChange }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const tell = useRef(onChange);
  const completing = useRef(new Compartment());
  useEffect(() => {
    tell.current = onChange;
  }, [onChange]);
  // Before the browser draws: an empty place in between would let everything below jump up and down.
  useLayoutEffect(() => {
    const made = new EditorView({
      parent: place.current ?? undefined,
      state: EditorState.create({
        doc: value,
        extensions: [
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.cspNonce.of(nonce),
          EditorView.contentAttributes.of({ "aria-label": label, dir: "auto" }),
          completing.current.of([]),
          marked,
          found,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) tell.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
    // The editor holds its own text from here on; another text comes with another key.
  }, []);
  const offered = names.join("\n");
  useEffect(() => {
    const source = autocompletion({ override: [offer(offered.split("\n").filter(Boolean))] });
    view.current?.dispatch({ effects: completing.current.reconfigure(source) });
  }, [offered]);
  useEffect(() => {
    const here = view.current;
    if (here?.state.doc.toString() === findings.of) here.dispatch({ effects: find.of(findings.all) });
  }, [findings]);
  useEffect(() => {
    const here = view.current;
    if (here === null || shown === undefined) return;
    const end = Math.min(shown.end, here.state.doc.length);
    here.dispatch({ selection: { anchor: Math.min(shown.start, end), head: end }, scrollIntoView: true });
    here.focus();
  }, [shown]);
  return <div ref={place} className="panel code" />;
}
