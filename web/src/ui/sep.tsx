import { Fragment, type ReactNode } from 'react';

/** The dot between short words about one thing; who listens hears a pause, and not the name of a sign. */
export function Sep() {
  return <>{' '}<span aria-hidden>·</span>{' '}</>;
}

/** Words in a row with dots between them; empty ones are left out. */
export function Dotted({ of }: { of: readonly ReactNode[] }) {
  return <>{of.filter(Boolean).map((part, i) => <Fragment key={i}>{i > 0 && <Sep />}{part}</Fragment>)}</>;
}
