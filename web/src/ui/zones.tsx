import { Select } from '@mantine/core';

interface Props { label: string; value: string; onChange: (zone: string) => void; disabled?: boolean; error?: string | undefined }

/** A time zone, by choice: all that the browser knows, and the one that is set. */
export function ZoneSelect({ label, value, onChange, disabled = false, error }: Props) {
  return <Select label={label} searchable allowDeselect={false} disabled={disabled} error={error} value={value} onChange={(v) => v && onChange(v)} data={[...new Set([value, 'UTC', ...Intl.supportedValuesOf('timeZone')])].filter(Boolean)} />;
}
