import { ActionIcon, Anchor, Select } from '@mantine/core';
import { IconArrowLeft, IconClockPause, IconExternalLink } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan, useMe } from '@/api/session';
import type { Comment, CommentDetail } from '@/api/types';
import { codeText } from '@/i18n';
import { clock, labelled, languageName } from '@/ui/format';
import { useKeys } from '@/ui/keys';
import { Ago, channelNames, Face } from '@/ui/parts';
import { reasonText } from '@/ui/reason';
import { Sep } from '@/ui/sep';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { called } from '@/ui/who';
import { ActionBar } from './action-bar';
import { Alike, Escalate, Escalated } from './alike';
import { Beside } from './beside';
import { categories } from './filters';
import { afterDecision, possible } from './flow';
import css from './moderation.module.css';
import { useAct, useClaim, useComment, usePass, useRelease, type Category, type Decided, type Verb } from './queries';
import { ReplyBox } from './reply-box';
import { Thread } from './thread';
import { VerdictPanel } from './verdict';

interface Props {
  id: number;
  ids: number[];
  /** Others are marked: the keys of decisions are theirs. */
  together: boolean;
  onOpen: (id: number | undefined) => void;
  onDecided: (verb: Verb, comment: Decided, goOn: boolean) => void;
  /** Takes back the decision that brought this comment up; without it, undoing is about this comment. */
  onTakeBack?: () => void;
}

/** One comment with its thread, its post, its verdict and what can be done. */
export function Detail({ id, ...rest }: Props) {
  const query = useComment(id);
  return <Loaded query={query} rows={6}>{(comment) => <Opened comment={comment} {...rest} />}</Loaded>;
}

function Opened({ comment, ids, together, onOpen, onDecided, onTakeBack }: { comment: CommentDetail } & Omit<Props, 'id'>) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const allowed = useCan('moderate');
  const act = useAct();
  const pass = usePass();
  const [replying, setReplying] = useState<'public' | 'private' | undefined>();
  const [escalating, setEscalating] = useState(false);
  const [what, setWhat] = useState<{ id: number; is: Category }>();
  const category = what?.id === comment.id ? what.is : undefined;
  const can = possible(comment);
  useAutoClaim(comment, allowed);

  const doIt = (verb: Verb) => {
    if (!allowed || act.isPending || !can[verb]) return;
    act.mutate({ verb, comment, ...(category ? { category } : {}) }, {
      onSuccess: () => (verb === 'undo' ? told(t('moderation.done.undo')) : onDecided(verb, comment, comment.review !== null)),
      onError: failed,
    });
  };
  const passOn = () => {
    if (!allowed || !can.pass || pass.isPending) return;
    pass.mutate(comment.id, { onSuccess: (made) => void navigate({ to: '/inbox', search: { view: 'all', id: made.conversation_id } }), onError: failed });
  };
  const canEscalate = comment.review !== null && comment.review.escalated_at === null;
  const reply = () => { if (allowed && can.reply) setReplying('public'); };

  useKeys(t('moderation.this'), allowed && !together ? [
    { key: 'a', label: t('act.approve'), run: () => doIt('approve') },
    { key: 'h', label: t('act.hide'), run: () => doIt('hide') },
    { key: 'u', label: t('act.unhide'), run: () => doIt('unhide') },
    { key: 'd', label: t('act.delete'), run: () => doIt('delete') },
    ...(onTakeBack ? [] : [{ key: 'z', label: t('act.undo'), run: () => doIt('undo') }]),
    { key: 'r', label: t('act.reply'), run: reply },
    { key: 'p', label: t('act.pass'), run: passOn },
    ...(canEscalate ? [{ key: 'e', label: t('escalate.title'), run: () => setEscalating(true) }] : []),
  ] : []);

  return (
    <>
      <div className={css.back}><ActionIcon variant="default" size="lg" aria-label={t('act.back')} onClick={() => onOpen(undefined)}><IconArrowLeft size={18} aria-hidden /></ActionIcon></div>
      <div className={css.body} tabIndex={-1}>
        <div className={css.centre}>
          <Heading c={comment} />
          <Notes c={comment} />
          {comment.review && <Escalated review={comment.review} allowed={allowed} />}
          {comment.review && allowed && <Alike review={comment.review} onDone={() => onOpen(afterDecision(ids, comment.id))} />}
          {comment.review && escalating && <Escalate review={comment.review} onClose={() => setEscalating(false)} />}
          <Thread comment={comment} onOpen={onOpen} />
          {replying && <ReplyBox comment={comment} way={replying} onWay={setReplying} onDone={() => setReplying(undefined)} />}
          <VerdictPanel comment={comment} />
          {allowed && (can.hide || can.delete) && (
            <Select size="xs" maw={260} mt="xs" clearable label={t('verdict.what')} placeholder={t('verdict.unsaid')} value={category ?? null} data={categories.map((c) => ({ value: c, label: codeText('category', c) }))}
              onChange={(v) => setWhat(v ? { id: comment.id, is: v as Category } : undefined)} />
          )}
        </div>
        <Beside comment={comment} />
      </div>
      {allowed && <ActionBar can={can} busy={act.isPending || pass.isPending} inQueue={comment.review !== null} onAct={doIt} onReply={reply} onPass={passOn} {...(onTakeBack ? { onTakeBack } : {})} {...(canEscalate ? { onEscalate: () => setEscalating(true) } : {})} />}
    </>
  );
}

/** Takes the item while it is looked at and lays it down after; a claim of somebody else is shown, not fought over. */
function useAutoClaim(comment: Comment, allowed: boolean) {
  const me = useMe().data?.user.id;
  const { mutate: claim } = useClaim();
  const { mutate: release } = useRelease();
  const review = comment.review;
  const free = review !== null && (review.claimed_by === null || review.claimed_by === me);
  const id = review?.id;
  useEffect(() => {
    if (!allowed || !free || id === undefined) return undefined;
    claim(id);
    return () => release(id);
  }, [allowed, free, id, claim, release]);
}

function Heading({ c }: { c: CommentDetail }) {
  const { t, i18n } = useTranslation();
  return (
    <div className={css.who}>
      <Face name={c.author.name || (c.own ? t('comment.us') : '')} channel={c.channel} />
      <div style={{ minWidth: 0 }}>
        <h2 className="clip" dir="auto">{c.own ? c.author.name || t('comment.us') : called(c.author)}</h2>
        <small>
          <span>{channelNames[c.channel]}</span>
          <Ago at={c.commented_at} />
          {languageName(c.language, i18n.language) && <span>{languageName(c.language, i18n.language)}</span>}
          {c.permalink && <Anchor href={c.permalink} target="_blank" rel="noreferrer" size="xs">{t('comment.open')} <IconExternalLink size={12} aria-hidden /></Anchor>}
        </small>
      </div>
    </div>
  );
}

/** What stands in the way or is under way: claims of others, waiting and failed actions. */
function Notes({ c }: { c: CommentDetail }) {
  const { t, i18n } = useTranslation();
  const me = useMe().data?.user.id;
  const claimed = c.review?.claimed_by && c.review.claimed_by !== me && c.review.claimed_until;
  const open = c.actions.filter((a) => !['done', 'cancelled'].includes(a.state));
  return (
    <>
      {claimed && <div className={css.note}><IconClockPause size={16} aria-hidden /><span dir="auto">{t('moderation.claimed', { name: c.review?.claimed_name ?? '', until: clock(claimed, i18n.language) })}</span></div>}
      {open.map((a) => (
        <div key={a.id} className={css.note}>
          <IconClockPause size={16} aria-hidden />
          <span>
            {labelled(codeText('action', a.kind), codeText('action_state', a.state), i18n.language)}
            {a.not_before && a.state === 'planned' && Date.parse(a.not_before) > Date.parse(c.commented_at) ? <><Sep />{t('moderation.not_before', { at: clock(a.not_before, i18n.language) })}</> : ''}
            {a.meaning ? <><Sep />{reasonText(a.reason, a.meaning)}</> : ''}
          </span>
        </div>
      ))}
    </>
  );
}
