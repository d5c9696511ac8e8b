import { Button } from '@mantine/core';
import { IconTemplate } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { Tag } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { byName } from './model';
import { useDrafts } from './queries';
import { DraftStatus } from './status';
import css from './templates.module.css';

const route = getRouteApi('/templates');

/** What is written here, a name with its languages. */
export function Drafts() {
  const { t, i18n } = useTranslation();
  const navigate = route.useNavigate();
  return (
    <Loaded query={useDrafts()} rows={5}>
      {({ items }) => items.length === 0 ? (
        <div className="panel"><Empty title={t('templates.none_written')} icon={<IconTemplate size={26} stroke={1.4} aria-hidden />} action={<Button variant="default" onClick={() => void navigate({ search: { view: 'ready' } })}>{t('templates.view.ready')}</Button>}>{t('templates.none_written_text')}</Empty></div>
      ) : (
        <div className="panel">
          {byName(items).map((g) => (
            <section key={g.name} className={css.group} aria-label={g.name}>
              <h2><code>{g.name}</code> <Tag>{codeText('template_category', g.items[0]?.definition.category ?? '')}</Tag></h2>
              <ul className={css.lines}>
                {g.items.map((d) => (
                  <li key={d.id} className={css.line}>
                    <Link to="/templates/$id" params={{ id: String(d.id) }} aria-label={`${d.name}, ${languageName(d.language.replace('_', '-'), i18n.language)}`}>{languageName(d.language.replace('_', '-'), i18n.language) || d.language}</Link>
                    <span className={css.said} dir="auto" lang={d.language.split('_')[0]}>{d.preview.text}</span>
                    <DraftStatus d={d} />
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      )}
    </Loaded>
  );
}
