import { Drawer } from '@mantine/core';
import { IconAlertTriangle, IconMenu2 } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { openLive, type LiveState } from '@/api/live';
import { useOverview } from '@/api/overview';
import type { Me, Overview } from '@/api/types';
import { useSignOfLife } from '@/api/desk';
import { useKeys } from '@/ui/keys';
import { useBackCloses } from './back';
import { Bell, useBrowserNotices } from './bell';
import { useKeptFocus } from './focus';
import { Announcer, useTitle } from './heard';
import { KeyHelp } from './key-help';
import { navFor, type NavItem } from './nav';
import { Palette } from './palette';
import { useKeptPresses } from './presses';
import css from './shell.module.css';
import { UserMenu } from './user-menu';

/** The frame around every screen: navigation, live state, banners, keys. Once the session has ended it listens to nothing. */
export function Shell({ me, ended }: { me: Me; ended: boolean }) {
  const { t } = useTranslation();
  const stream = useLive(ended);
  const online = useSyncExternalStore(watchNetwork, () => navigator.onLine);
  const live = online ? stream : 'lost';
  const overview = useOverview().data;
  useSignOfLife(me.user.id !== 0 && !ended);
  useBrowserNotices();
  useKeptFocus();
  useKeptPresses();
  useBackCloses();
  const items = navFor(me);
  useTitle(me, items);
  const navigate = useNavigate();
  const [help, setHelp] = useState(false);
  const [more, setMore] = useState(false);

  useKeys(t('keys.everywhere'), [
    { key: '?', label: t('keys.help'), run: () => setHelp(true) },
    ...items.map((item) => ({ key: item.key, label: t(item.label), run: () => void navigate({ to: item.path }) })),
  ]);

  const side = <Side me={me} items={items} overview={overview} live={live} onHelp={() => setHelp(true)} onGo={() => setMore(false)} />;
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#content">{t('nav.skip')}</a>
      <nav className={css.side} aria-label={t('nav.label')}>{side}</nav>
      <div className={css.main}>
        <Banners me={me} live={live} />
        <Announcer overview={overview} />
        <main id="content" tabIndex={-1} className={css.content}><Outlet /></main>
      </div>
      <nav className={css.bottom} aria-label={t('nav.label')}>
        {items.slice(0, 3).map((item) => <Tab key={item.path} item={item} overview={overview} />)}
        <button type="button" className={css.tab} onClick={() => setMore(true)}><IconMenu2 size={20} stroke={1.6} aria-hidden />{t('nav.more')}</button>
      </nav>
      <Drawer opened={more} onClose={() => setMore(false)} size={264} title={me.workspace.brand || me.workspace.name} closeButtonProps={{ 'aria-label': t('act.close') }}>{side}</Drawer>
      <Palette items={items} />
      <KeyHelp opened={help} onClose={() => setHelp(false)} />
    </div>
  );
}

function useLive(ended: boolean): LiveState {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => (ended ? undefined : openLive(client, setState)), [client, ended]);
  return state;
}

interface SideProps { me: Me; items: NavItem[]; overview: Overview | undefined; live: LiveState; onHelp: () => void; onGo: () => void }

function Side({ me, items, overview, live, onHelp, onGo }: SideProps) {
  const { t } = useTranslation();
  const list = useRef<HTMLDivElement>(null);
  const { pathname } = useLocation();
  // On a low screen the list scrolls. Not by scrollIntoView: browsers may let Tab go on from what came into view, and the first stop is the way past all this.
  useEffect(() => {
    const around = list.current?.getBoundingClientRect();
    const here = list.current?.querySelector('[aria-current="page"]')?.getBoundingClientRect();
    if (!list.current || !around || !here) return;
    if (here.top < around.top) list.current.scrollTop -= around.top - here.top;
    else if (here.bottom > around.bottom) list.current.scrollTop += here.bottom - around.bottom;
  }, [pathname]);
  const links = (group: NavItem['group']) => items.filter((i) => i.group === group).map((item) => <SideLink key={item.path} item={item} overview={overview} onGo={onGo} />);
  return (
    <>
      <div className={css.brand}>
        <img src="/icon.svg" alt="" />
        <div>
          <b className="clip2">{me.workspace.brand || me.workspace.name}</b>
          <small>ponte</small>
        </div>
        <span style={{ marginInlineStart: 'auto' }}><Bell me={me} /></span>
      </div>
      <div className={css.links} ref={list}>
        {links('work')}
        <div className={css.group}>{t('nav.setup')}</div>
        {links('setup')}
        <div className={css.group}>{t('nav.records')}</div>
        {links('records')}
      </div>
      <div className={css.foot}>
        <div className={css.live} role="status">
          <span className={css.dot} data-state={live} aria-hidden />
          {t(`live.${live}`)}
        </div>
        <UserMenu me={me} onHelp={onHelp} />
      </div>
    </>
  );
}

function SideLink({ item, overview, onGo }: { item: NavItem; overview: Overview | undefined; onGo: () => void }) {
  const { t } = useTranslation();
  return (
    <Link to={item.path} className={css.link} activeOptions={{ exact: item.path === '/', includeSearch: false }} onClick={onGo}>
      <item.icon size={18} stroke={1.7} aria-hidden />
      <span className="clip">{t(item.label)}</span>
      <Count item={item} overview={overview} />
    </Link>
  );
}

function Tab({ item, overview }: { item: NavItem; overview: Overview | undefined }) {
  const { t } = useTranslation();
  return (
    <Link to={item.path} className={css.tab} activeOptions={{ exact: item.path === '/', includeSearch: false }}>
      <item.icon size={20} stroke={1.6} aria-hidden />
      {t(item.label)}
      <Count item={item} overview={overview} />
    </Link>
  );
}

function Count({ item, overview }: { item: NavItem; overview: Overview | undefined }) {
  const { t } = useTranslation();
  const count = overview && item.count ? item.count(overview) : 0;
  if (!overview || count === 0) return null;
  return (
    <span className={`${css.count} ${item.alarm?.(overview) ? css.alarm : ''}`}>
      {count > 999 ? '999+' : count}
      <span className="sr-only"> {t('nav.waiting')}</span>
    </span>
  );
}

function watchNetwork(tell: () => void): () => void {
  window.addEventListener('online', tell);
  window.addEventListener('offline', tell);
  return () => { window.removeEventListener('online', tell); window.removeEventListener('offline', tell); };
}

function Banners({ me, live }: { me: Me; live: LiveState }) {
  const { t } = useTranslation();
  return (
    <div role="status">
      {!me.workspace.sending && (
        <div className={css.banner}>
          <IconAlertTriangle size={17} aria-hidden />
          <span>{t('banner.sending_off')} {me.permissions.includes('configure') && <Link to="/settings">{t('nav.settings')}</Link>}</span>
        </div>
      )}
      {live === 'lost' && (
        <div className={css.banner}>
          <IconAlertTriangle size={17} aria-hidden />
          <span>{t('banner.lost')}</span>
        </div>
      )}
    </div>
  );
}
