import { IconCircleCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useOverview } from '@/api/overview';
import { useCan, useMe } from '@/api/session';
import type { Overview } from '@/api/types';
import { codeText } from '@/i18n';
import { duration, micros, percent } from '@/ui/format';
import { Ago, ChannelMark, channelNames, PageBody, PageHead, Tag, type Tone } from '@/ui/parts';
import { reasonText } from '@/ui/reason';
import { Loaded } from '@/ui/states';
import { FirstSteps, SetupSteps } from './first-steps';
import css from './home.module.css';

/** Today's work and health in one look. */
export default function Home() {
  const { t } = useTranslation();
  const me = useMe().data;
  const overview = useOverview();
  const owner = me?.permissions.includes('configure') ?? false;
  return (
    <PageBody>
      <PageHead title={me?.user.name ? t('home.title', { name: me.user.name.split(' ')[0] }) : t('home.title_nameless')}>{t('home.lead')}</PageHead>
      <Loaded query={overview} rows={6}>
        {(o) => (
          <>
            {owner && (o.accounts.length === 0 ? <SetupSteps /> : me?.demo && <FirstSteps />)}
            <Tiles o={o} />
            <div className={css.grid}>
              <div className={css.column}>
                <Machine o={o} />
                <Accounts o={o} />
              </div>
              <div className={css.column}>
                <Held o={o} />
                <Health o={o} />
              </div>
            </div>
          </>
        )}
      </Loaded>
    </PageBody>
  );
}

function Tiles({ o }: { o: Overview }) {
  const { t } = useTranslation();
  const held = o.held.reduce((sum, h) => sum + h.count, 0);
  return (
    <div className={css.tiles}>
      <Link to="/moderation" className={`panel ${css.tile}`}>
        <span className={css.name}>{t('home.review')}</span>
        <b>{o.review_open}</b>
        <small>{o.review_oldest_at ? <>{t('home.oldest')} <Ago at={o.review_oldest_at} /></> : t('home.queue_clear')}</small>
      </Link>
      <Link to="/inbox" search={{ view: 'waiting' }} className={`panel ${css.tile}`}>
        <span className={css.name}>{t('home.waiting')}</span>
        <b>{o.conversations_waiting}</b>
        <small>{t('home.waiting_text')}</small>
      </Link>
      <Link to="/inbox" search={{ view: 'overdue' }} className={`panel ${css.tile}`}>
        <span className={css.name}>{t('home.overdue')}</span>
        <b>{o.conversations_overdue}</b>
        <small className={o.conversations_overdue > 0 ? css.bad : ''}>{t(o.conversations_overdue > 0 ? 'home.overdue_text' : 'home.overdue_none')}</small>
      </Link>
      <Link to="/outbox" className={`panel ${css.tile}`}>
        <span className={css.name}>{t('home.held')}</span>
        <b>{held}</b>
        <small className={o.unknown_actions > 0 ? css.bad : ''}>{o.unknown_actions > 0 ? t('home.unknown', { count: o.unknown_actions }) : t('home.unknown_none')}</small>
      </Link>
    </div>
  );
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return <section className={`panel ${css.block}`}><h2>{title}</h2>{children}</section>;
}

const decisions = ['allow', 'review', 'hide', 'delete'] as const;

/** Where the comments of each decision are listed. */
const lists = { allow: { queue: 'all', state: 'visible' }, review: {}, hide: { queue: 'all', state: 'hidden' }, delete: { queue: 'all', state: 'removed' } } as const;

function Machine({ o }: { o: Overview }) {
  const { t } = useTranslation();
  const total = decisions.reduce((sum, d) => sum + o.decisions_today[d], 0);
  return (
    <Block title={t('home.machine')}>
      {total === 0 ? <p className={css.quiet}>{t('home.machine_none')}</p> : (
        <>
          <div className={css.bar} aria-hidden>{decisions.map((d) => o.decisions_today[d] > 0 && <i key={d} className={css[d]} style={{ flex: o.decisions_today[d] }} />)}</div>
          <div className={css.legend}>
            {decisions.map((d) => <Link key={d} to="/moderation" search={lists[d]}><i className={css[d]} aria-hidden /><b>{o.decisions_today[d]}</b> {t(`decided.${d}`)}</Link>)}
          </div>
        </>
      )}
      {total + o.undone_today > 0 && <p className={css.quiet} style={{ margin: '12px 0 0' }}><Link to="/moderation/today">{t('home.undone', { count: o.undone_today })}</Link></p>}
    </Block>
  );
}

function Accounts({ o }: { o: Overview }) {
  const { t, i18n } = useTranslation();
  const seen = (a: Overview['accounts'][number]) => [a.comments_coverage && t('accounts.told.comments', { share: percent(a.comments_coverage.share, i18n.language) }), a.messages_coverage && t('accounts.told.messages', { share: percent(a.messages_coverage.share, i18n.language) })].filter(Boolean).join(', ');
  return (
    <Block title={t('home.accounts')}>
      {o.accounts.length === 0 && <p className={css.quiet}>{t('home.accounts_none')} <Link to="/accounts">{t('nav.accounts')}</Link></p>}
      <div className={css.rows}>
        {o.accounts.map((a) => (
          <Link key={a.id} to="/accounts" className={`${css.row} ${css.way}`}>
            <ChannelMark channel={a.channel} size={20} />
            <div><div className="clip" dir="auto">{a.name || channelNames[a.channel]}</div>{(a.state_reason || a.coverage) && <small>{a.state_reason || `${t('accounts.coverage')}: ${seen(a) || codeText('coverage', a.coverage)}`}</small>}</div>
            {a.problems.length > 0 && a.state === 'connected' ? <Tag tone="warn">{t('home.problems', { count: a.problems.length })}</Tag> : <Tag tone={a.state === 'connected' ? 'good' : 'bad'}>{codeText('account_state', a.state)}</Tag>}
          </Link>
        ))}
      </div>
    </Block>
  );
}

function Held({ o }: { o: Overview }) {
  const { t } = useTranslation();
  return (
    <Block title={t('home.held_why')}>
      {o.held.length === 0 ? <div className={css.quiet}><IconCircleCheck size={18} aria-hidden />{t('home.held_none')}</div> : (
        <div className={css.rows}>
          {o.held.map((h) => (
            <Link key={h.reason} to="/outbox" search={{ reason: h.reason }} className={`${css.row} ${css.way}`} style={{ gridTemplateColumns: 'minmax(0,1fr) auto' }}>
              <div>{reasonText(h.reason, h.meaning)}</div>
              <Tag tone="warn">{h.count}</Tag>
            </Link>
          ))}
        </div>
      )}
    </Block>
  );
}

const llmTone: Record<Overview['llm']['state'], Tone> = { ok: 'good', off: 'plain', over_budget: 'warn', down: 'bad' };

function Health({ o }: { o: Overview }) {
  const { t, i18n } = useTranslation();
  const configure = useCan('configure');
  const n = new Intl.NumberFormat(i18n.language);
  const part = (spent: number, budget: number) => (budget > 0 ? Math.min(1, spent / budget) : 0);
  const share = Math.max(part(o.llm.spent_micros, o.llm.budget_micros), part(o.llm.spent_tokens, o.llm.budget_tokens));
  return (
    <Block title={t('home.health')}>
      <div className={css.rows}>
        <Row name={<Link to="/events" search={{ view: 'all' }}>{t('home.lag')}</Link>} text={t('home.lag_text')}>
          <Tag tone={o.events_lag_seconds > 60 ? 'bad' : o.events_lag_seconds > 10 ? 'warn' : 'good'}>{o.events_lag_seconds < 1 ? t('home.lag_none') : duration(o.events_lag_seconds, i18n.language)}</Tag>
        </Row>
        <Row name={<Link to="/events">{t('home.parked')}</Link>} text={t('home.parked_text')}><Tag tone={o.parked > 0 ? 'warn' : 'good'}>{o.parked}</Tag></Row>
        <Row name={t('home.asks')} text={t('home.asks_text')}><Tag>{o.asks_pending}</Tag></Row>
        <Row name={configure ? <Link to="/settings">{t('home.llm')}</Link> : t('home.llm')} text={o.llm.configured ? t('home.llm_spent', { spent: micros(o.llm.spent_micros, i18n.language), budget: micros(o.llm.budget_micros, i18n.language) }) : t('home.llm_none')}>
          <Tag tone={llmTone[o.llm.state] ?? 'plain'}>{t(`llm.${o.llm.state}`)}</Tag>
        </Row>
      </div>
      {o.llm.configured && o.llm.budget_tokens > 0 && <p className={css.quiet}>{t('home.llm_tokens', { spent: n.format(o.llm.spent_tokens), budget: n.format(o.llm.budget_tokens) })}</p>}
      {o.llm.configured && <div className={css.meter} aria-hidden><i style={{ width: `${share * 100}%` }} /></div>}
    </Block>
  );
}

function Row({ name, text, children }: { name: ReactNode; text: string; children: ReactNode }) {
  return (
    <div className={css.row} style={{ gridTemplateColumns: 'minmax(0,1fr) auto' }}>
      <div>{name}<small>{text}</small></div>
      {children}
    </div>
  );
}
