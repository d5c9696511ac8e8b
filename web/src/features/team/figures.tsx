import '@mantine/charts/styles.css';
import { BarChart, LineChart } from '@mantine/charts';
import { IconChartBar } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { DeskFigures, DeskSlice } from '@/api/types';
import { dayName, duration, percent, regional } from '@/ui/format';
import { NothingYet } from '@/ui/nothing-yet';
import { Ago, PageBody, PageHead, Table } from '@/ui/parts';
import { Views } from '@/ui/rows';
import { Dotted, Sep } from '@/ui/sep';
import { Loaded } from '@/ui/states';
import css from './figures.module.css';

const route = getRouteApi('/figures');
const periods = [7, 30, 90] as const;
/** How quickly customers were answered: by bots, by people, after a handover; by day, team and member. */
export default function Figures() {
  const { t } = useTranslation();
  const { days = 7 } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery({
    queryKey: ['desk-figures', days],
    refetchInterval: 60_000,
    queryFn: () => unwrap<DeskFigures>(api.GET('/desk/figures', { params: { query: { from: new Date(Date.now() - days * 86_400_000).toISOString() } } })),
  });
  return (
    <PageBody>
      <PageHead title={t('figures.title')}>{t('figures.lead')}</PageHead>
      <Views label={t('figures.period')} value={String(days)} views={periods.map((d) => ({ value: String(d), label: t('figures.days', { count: d }) }))} onView={(v) => void navigate({ search: v === '7' ? {} : { days: Number(v) } })} />
      <Loaded query={query} rows={6}>{(f) => <Shown f={f} />}</Loaded>
    </PageBody>
  );
}

function Shown({ f }: { f: DeskFigures }) {
  const { t, i18n } = useTranslation();
  const took = (v: number | null) => (v === null ? '–' : duration(v, i18n.language));
  const nine = (v: number | null) => (v === null ? '' : t('figures.p90', { time: took(v) }));
  return (
    <>
      <div className={css.tiles}>
        <Tile name={t('figures.bot')} value={took(f.bot_median_seconds)} text={<Dotted of={[t('figures.answered', { count: f.bot_answered }), nine(f.bot_p90_seconds)]} />} />
        <Tile name={t('figures.human')} value={took(f.human_median_seconds)} text={<Dotted of={[t('figures.answered', { count: f.human_answered }), nine(f.human_p90_seconds)]} />} />
        <Tile name={t('figures.handover')} value={took(f.handover_median_seconds)} text={<Dotted of={[t('figures.handed', { count: f.handed_over }), nine(f.handover_p90_seconds)]} />} />
        <Tile name={t('figures.kept')} value={f.deadline_share === null ? '–' : percent(f.deadline_share, i18n.language)} text={<Dotted of={[t('figures.missed', { count: f.deadlines_missed }), t('figures.red', { count: f.overdue })]} />} />
      </div>
      <p className={css.now}>
        {t('figures.now')} <Link to="/inbox" search={{ view: 'waiting' }}>{t('figures.waiting', { count: f.waiting_now })}</Link>, <Link to="/inbox" search={{ view: 'unassigned' }}>{t('figures.unassigned', { count: f.unassigned_now })}</Link>, <Link to="/inbox" search={{ view: 'overdue' }}>{t('figures.overdue', { count: f.overdue_now })}</Link>
        {f.longest_waiting_since && <><Sep />{t('figures.longest')} <Ago at={f.longest_waiting_since} /></>}
        {f.taken_back + f.escalated > 0 && <><Sep />{t('figures.back', { back: f.taken_back, up: f.escalated })}</>}
      </p>
      {f.opened === 0 ? <div className="panel"><NothingYet title={t('figures.none')} icon={<IconChartBar size={26} stroke={1.4} aria-hidden />}>{t('figures.none_text')}</NothingYet></div> : (
        <>
          <Charts days={filled(f)} />
          <Slices title={t('figures.by_day')} rows={[...f.days].reverse()} name={(s) => dayName(s.key, i18n.language)} />
          {f.teams.length > 0 && <Slices title={t('figures.by_team')} rows={f.teams} name={(s) => s.name} />}
          {f.members.length > 0 && <Slices title={t('figures.by_member')} rows={f.members} name={(s) => s.name || `#${s.key}`} />}
          <p className={css.note}>{t('figures.note')}</p>
        </>
      )}
    </>
  );
}

function Tile({ name, value, text }: { name: string; value: ReactNode; text: ReactNode }) {
  return <section className={`panel ${css.tile}`}><h2>{name}</h2><b>{value}</b><small>{text}</small></section>;
}

const nothing = { opened: 0, bot_answered: 0, human_answered: 0, handed_over: 0, bot_median_seconds: null, human_median_seconds: null, deadlines_held: 0, deadlines_missed: 0 };

/** Every day between the first and the last, also those on which nobody wrote. */
function filled(f: DeskFigures): DeskSlice[] {
  const first = f.days[0]?.key;
  const last = f.days.at(-1)?.key;
  if (!first || !last) return [];
  const out: DeskSlice[] = [];
  for (let at = Date.parse(`${first}T00:00:00Z`); at <= Date.parse(`${last}T00:00:00Z`); at += 86_400_000) {
    const key = new Date(at).toISOString().slice(0, 10);
    out.push(f.days.find((d) => d.key === key) ?? { ...nothing, key, name: key });
  }
  return out;
}

/** The days as pictures; the tables below hold the same figures for those who do not see them. */
function Charts({ days }: { days: DeskSlice[] }) {
  const { t, i18n } = useTranslation();
  const short = (key: string) => new Intl.DateTimeFormat(regional(i18n.language), { timeZone: 'UTC', day: 'numeric', month: 'short' }).format(new Date(`${key}T00:00:00Z`));
  const minutes = (v: number | null) => (v === null ? null : Math.round(v / 6) / 10);
  const data = days.map((d) => ({ day: short(d.key), rest: d.opened - d.deadlines_missed, missed: d.deadlines_missed, bot: minutes(d.bot_median_seconds), human: minutes(d.human_median_seconds) }));
  return (
    <div className={css.charts} aria-hidden>
      <div className={`panel ${css.chart}`}>
        <h3>{t('figures.opened_chart')}</h3>
        <BarChart h={220} barChartProps={{ accessibilityLayer: false }} data={data} dataKey="day" type="stacked" withLegend tickLine="none" maxBarWidth={36} series={[{ name: 'rest', label: t('figures.in_time'), color: 'petrol.6' }, { name: 'missed', label: t('figures.late'), color: 'red.5' }]} />
      </div>
      <div className={`panel ${css.chart}`}>
        <h3>{t('figures.median_chart')}</h3>
        <LineChart h={220} lineChartProps={{ accessibilityLayer: false }} data={data} dataKey="day" withLegend tickLine="none" curveType="linear" connectNulls series={[{ name: 'bot', label: t('figures.bot_short'), color: 'yellow.6' }, { name: 'human', label: t('figures.human_short'), color: 'petrol.6' }]} />
      </div>
    </div>
  );
}

function Slices({ title, rows, name }: { title: string; rows: DeskSlice[]; name: (s: DeskSlice) => string }) {
  const { t, i18n } = useTranslation();
  const took = (v: number | null) => (v === null ? '–' : duration(v, i18n.language));
  return (
    <section className={css.slices}>
      <h2>{title}</h2>
      <Table label={title} head={[title, t('figures.opened'), t('figures.bot'), t('figures.human'), t('figures.handed_over'), t('figures.missed_head')]}>
        {rows.map((s) => (
          <tr key={s.key}><td><strong>{name(s)}</strong></td><td>{s.opened}</td><td>{took(s.bot_median_seconds)}</td><td>{took(s.human_median_seconds)}</td><td>{s.handed_over}</td><td>{s.deadlines_held + s.deadlines_missed === 0 ? '–' : t('figures.of', { n: s.deadlines_missed, of: s.deadlines_held + s.deadlines_missed })}</td></tr>
        ))}
      </Table>
    </section>
  );
}
