import { Button, Code } from "@mantine/core";
import type { KeyShown } from "../../api";
import { useMay } from "../../frame/here";
import { Line } from "../../shared/Line";
import { Moment } from "../../shared/Moment";
import { PersonName } from "../../shared/PersonName";
import type { Change } from "./Changing";

/** A delivery key: what is known of it, and the two things that can be done with it. */
export function Key(props: { of: KeyShown; over: boolean; project: string; onChange: (change: Change) => void }) {
  const { of, over, onChange } = props;
  const may = useMay(props.project);
  const actions = may("keys.write") && !over && (
    <>
      <Button
        variant="default"
        size="xs"
        onClick={() => onChange({ of, what: "rotate" })}
        aria-label={`Rotate ${of.name}`}
      >
        Rotate
      </Button>
      <Button
        variant="default"
        size="xs"
        onClick={() => onChange({ of, what: "revoke" })}
        aria-label={`Revoke ${of.name}`}
      >
        Revoke
      </Button>
    </>
  );
  return (
    <Line name={<Name of={of} />} actions={actions} over={over}>
      <Life of={of} />
    </Line>
  );
}

const Name = ({ of }: { of: KeyShown }) => (
  <>
    <bdi>{of.name}</bdi> <Code>{of.selector}</Code>
  </>
);

function Life({ of }: { of: KeyShown }) {
  return (
    <>
      {of.last_used_at ? (
        <>
          Last used <Moment at={of.last_used_at} />
        </>
      ) : (
        "Never used"
      )}
      . Made by <PersonName of={of.created_by} /> <Moment at={of.created_at} />.
      {of.networks.length > 0 && ` Only from ${of.networks.join(", ")}.`}
      {of.replaced_by && (
        <>
          {" "}
          Replaced by <Code>{of.replaced_by}</Code>.
        </>
      )}
      {of.revoked_at ? (
        <>
          {" "}
          Revoked <Moment at={of.revoked_at} />.
        </>
      ) : (
        of.expires_at && (
          <>
            {" "}
            Its end: <Moment at={of.expires_at} />.
          </>
        )
      )}
    </>
  );
}
