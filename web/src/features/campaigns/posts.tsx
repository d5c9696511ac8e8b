import { IconCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { NothingYet } from '@/ui/nothing-yet';
import { ChannelMark, Picture } from '@/ui/parts';
import { Loaded } from '@/ui/states';
import { usePosts } from './queries';
import css from './campaigns.module.css';

/** The posts on which a trigger listens; none chosen means all. */
export function PostPicker({ selected, onChange }: { selected: number[]; onChange: (ids: number[]) => void }) {
  const { t } = useTranslation();
  const query = usePosts();
  const toggle = (id: number) => onChange(selected.includes(id) ? selected.filter((x) => x !== id) : [...selected, id]);
  return (
    <Loaded query={query} rows={2}>
      {({ items }) => items.length === 0 ? <NothingYet title={t('trigger.no_posts')}>{t('trigger.no_posts_text')}</NothingYet> : (
        <div className={css.posts} role="group" aria-label={t('trigger.where')}>
          {items.map((p) => (
            <button key={p.id} type="button" className={css.post} aria-pressed={selected.includes(p.id)} onClick={() => toggle(p.id)}>
              <Picture src={p.picture} alt="" className={css.picture ?? ''} />
              <span className={`clip2 ${css.caption}`} dir="auto"><ChannelMark channel={p.channel} size={13} /> {p.caption || t('moderation.no_caption')}</span>
              {selected.includes(p.id) && <span className={css.tick}><IconCheck size={14} aria-hidden /></span>}
            </button>
          ))}
        </div>
      )}
    </Loaded>
  );
}
