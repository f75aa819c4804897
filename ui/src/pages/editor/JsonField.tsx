import { JsonInput } from "@mantine/core";
import { useState } from "react";
import { written } from "../prompt/content";

interface Props {
  label: string;
  description?: string;
  value: unknown;
  /** What is wrong with a value, if anything. */
  wrong?: (value: unknown) => string;
  onChange: (value: unknown) => void;
}

/** A value as JSON. While it is half written, what was right last stays. */
export function JsonField({ label, description, value, wrong = () => "", onChange }: Props) {
  const [text, setText] = useState(() => written(value));
  const [problem, setProblem] = useState("");
  const type = (next: string): void => {
    setText(next);
    try {
      const read: unknown = JSON.parse(next);
      const said = wrong(read);
      setProblem(said);
      if (!said) onChange(read);
    } catch {
      setProblem("This is no JSON: the last that was is kept.");
    }
  };
  return (
    <JsonInput
      label={label}
      description={description}
      error={problem}
      autosize
      minRows={3}
      value={text}
      onChange={type}
    />
  );
}
