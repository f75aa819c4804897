import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { Compartment, EditorState } from "@codemirror/state";
import { Decoration, EditorView, keymap, MatchDecorator, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { nonce } from "../../security";
import { TAG } from "../prompt/content";

const MARK = Decoration.mark({ class: "variable" });
const HIDDEN = Decoration.mark({ class: "hidden-character" });
const marker = new MatchDecorator({ regexp: TAG, decoration: ([, , , , hidden]) => (hidden ? HIDDEN : MARK) });
const marked = ViewPlugin.define(
  (view) => ({
    decorations: marker.createDeco(view),
    update(change: ViewUpdate) {
      this.decorations = marker.updateDeco(change, this.decorations);
    },
  }),
  { decorations: (plugin) => plugin.decorations },
);

const offer =
  (names: readonly string[]) =>
  (context: CompletionContext): CompletionResult | null => {
    const typed = context.matchBefore(/\{\{[ ]?[\p{L}\p{N}_]*/u);
    if (typed === null) return null;
    return { from: typed.from, options: names.map((name) => ({ label: `{{${name}}}`, type: "variable" })) };
  };

interface Props {
  label: string;
  value: string;
  names: readonly string[];
  onChange: (value: string) => void;
}

/** The field in which a template is written: variables marked, and offered after two braces. Tab leaves it. */
export default function Code({ label, value, names, onChange }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const tell = useRef(onChange);
  const completing = useRef(new Compartment());
  useEffect(() => {
    tell.current = onChange;
  }, [onChange]);
  useEffect(() => {
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
  return <div ref={place} className="panel code" />;
}
