import { Checkbox, Stack, Text } from "@mantine/core";

interface Props {
  label: string;
  /** What nothing chosen means. */
  none: string;
  /** What there is to choose, by name, each in words; without words its name is enough. */
  of: Readonly<Record<string, string>>;
  value: string[];
  onChange: (chosen: string[]) => void;
}

/** Any number of a few things. */
export function Choices({ label, none, of, value, onChange }: Props) {
  return (
    <Checkbox.Group label={label} description={none} value={value} onChange={onChange}>
      <Stack gap={6} mt="xs">
        {Object.entries(of).map(([name, words]) => (
          <Checkbox
            key={name}
            value={name}
            size="sm"
            label={
              words === "" ? (
                name
              ) : (
                <>
                  {words}{" "}
                  <Text span size="sm" c="dimmed">
                    {name}
                  </Text>
                </>
              )
            }
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
