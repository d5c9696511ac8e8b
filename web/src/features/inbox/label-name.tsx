import { useLabelList } from '@/api/desk';
import css from './inbox.module.css';

/** A label with the colour that the workspace gave it; one that nobody keeps has none. */
export function LabelName({ name }: { name: string }) {
  const color = useLabelList().data?.items.find((l) => l.id > 0 && l.name === name)?.color;
  return <span className={css.labelName}>{color && <i className={css.labelDot} data-color={color} aria-hidden />}<span className="clip" dir="auto">{name}</span></span>;
}
