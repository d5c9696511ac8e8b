import { ActionIcon, SegmentedControl, TextInput } from '@mantine/core';
import { IconSend2 } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { clock } from '@/ui/format';
import { readWhatsAppLink } from '@/ui/links';
import { ChannelMark, channelNames, Picture, Tag } from '@/ui/parts';
import { useNow } from '@/ui/clock';
import { Empty } from '@/ui/states';
import { failed } from '@/ui/toast';
import { stagePicture, useDeed, type Stage, type StageAccount, type StagePerson, type StagePost } from './control';
import { Chat } from './chat';
import css from './rehearse.module.css';
import { accountOfLink, talk, unread, visibleTo } from './stage';

type App = 'instagram' | 'facebook' | 'whatsapp';
const apps: App[] = ['instagram', 'facebook', 'whatsapp'];

/** The drawn phone of one person. */
export function Phone({ stage, person, say }: { stage: Stage; person: StagePerson; say: string }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const [app, setApp] = useState<App>('instagram');
  const [prefilled, setPrefilled] = useState<{ text: string; n: number }>({ text: '', n: 0 });
  const [seen, setSeen] = useState<Record<string, number>>({});
  const account = (a: App) => stage.accounts.find((x) => x.channel === a);
  const current = account(app);

  const open = (url: string) => {
    const link = readWhatsAppLink(url);
    if (!link || !accountOfLink(stage.accounts, link)) return;
    setPrefilled({ text: link.text, n: prefilled.n + 1 });
    setApp('whatsapp');
  };
  const look = (id: string) => {
    const all = talk(stage.messages, id, person.id).filter((m) => m.from_brand).length;
    if (seen[`${person.id}/${id}`] !== all) setSeen({ ...seen, [`${person.id}/${id}`]: all });
  };
  return (
    <section className={css.phone} aria-label={t('rehearse.phone', { name: person.name })}>
      <div className={css.status} aria-hidden><span>{clock(new Date(now).toISOString(), i18n.language)}</span><span>{person.name}</span></div>
      <div className={css.app}>
        {!current ? <Empty title={t('rehearse.no_account')} />
          : app === 'whatsapp' ? <Chat key={prefilled.n} name={current.name} channel="whatsapp" account={current.id} person={person} messages={talk(stage.messages, current.id, person.id)} start={prefilled.text} onOpen={open} />
          : <Social key={app} stage={stage} person={person} account={current} say={say} waiting={unread(stage, person.id, seen, current.id)} onLook={() => look(current.id)} onOpen={open} />}
      </div>
      <div className={css.dock} role="group" aria-label={t('rehearse.apps')}>
        {apps.map((a) => {
          const id = account(a)?.id;
          const count = id && !(a === app && a === 'whatsapp') ? unread(stage, person.id, seen, id) : 0;
          return <button key={a} type="button" aria-pressed={app === a} onClick={() => { if (id && a === 'whatsapp') look(id); setApp(a); }}><ChannelMark channel={a} size={22} />{channelNames[a]}{count > 0 && <span className={css.badge}>{count}</span>}</button>;
        })}
      </div>
    </section>
  );
}

interface SocialProps { say: string; stage: Stage; person: StagePerson; account: StageAccount; waiting: number; onLook: () => void; onOpen: (url: string) => void }

/** Instagram or Facebook: the brand's posts, and the messages with it. */
function Social({ say, stage, person, account, waiting, onLook, onOpen }: SocialProps) {
  const { t } = useTranslation();
  const [place, setPlace] = useState<'feed' | 'messages'>('feed');
  const posts = stage.posts.filter((p) => p.account === account.id).sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <>
      <div className={css.bar}>
        <b className="clip">{account.name}</b>
        <SegmentedControl size="xs" aria-label={t('rehearse.place')} value={place} onChange={(v) => { setPlace(v as 'feed' | 'messages'); if (v === 'messages') onLook(); }} data={[{ value: 'feed', label: t('rehearse.feed') }, { value: 'messages', label: waiting > 0 && place === 'feed' ? `${t('rehearse.messages')} (${waiting})` : t('rehearse.messages') }]} />
      </div>
      {place === 'messages'
        ? <Chat name={account.name} channel={account.channel} account={account.id} person={person} messages={talk(stage.messages, account.id, person.id)} start="" onOpen={onOpen} bare />
        : <div className={css.scroll} tabIndex={0} role="region" aria-label={t('rehearse.feed')}>{posts.map((p, n) => <FeedPost key={p.id} say={n === 0 ? say : ''} post={p} stage={stage} person={person} brand={account.name} />)}</div>}
    </>
  );
}

function FeedPost({ say, post, stage, person, brand }: { say: string; post: StagePost; stage: Stage; person: StagePerson; brand: string }) {
  const { t } = useTranslation();
  const [text, setText] = useState(say);
  const deed = useDeed();
  const comments = visibleTo(stage.comments, post.id, person.id);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!text.trim()) return;
    deed.mutate({ kind: 'comment', account: post.account, post: post.id, person: person.id, text: text.trim() }, { onSuccess: () => setText(''), onError: failed });
  };
  return (
    <article className={css.post}>
      <Picture src={stagePicture(post.picture)} alt="" className={css.picture ?? ''} frame={false} />
      <p className={`said ${css.caption}`} dir="auto">{post.caption}</p>
      <ul className={css.comments}>
        {comments.slice(-12).map((c) => (
          <li key={c.id} className={c.parent ? css.reply : ''} dir="auto"><b>{c.person ? (stage.people.find((x) => x.id === c.person)?.username ?? '') : brand}</b><span className="said">{c.text}</span> {c.hidden && <Tag tone="bad">{t('rehearse.hidden')}</Tag>}</li>
        ))}
      </ul>
      <form className={css.write} onSubmit={submit}>
        <TextInput size="xs" style={{ flex: 1 }} aria-label={t('rehearse.comment')} placeholder={t('rehearse.comment')} dir="auto" value={text} onChange={(e) => setText(e.currentTarget.value)} />
        <ActionIcon type="submit" size={30} variant="subtle" loading={deed.isPending} disabled={!text.trim()} aria-label={t('act.send')}><IconSend2 size={17} aria-hidden /></ActionIcon>
      </form>
    </article>
  );
}
