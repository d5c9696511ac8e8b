import { createRootRoute, createRoute, createRouter, lazyRouteComponent, type AsyncRouteComponent } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Loading } from '@/ui/states';
import { openWords, type Section } from '@/i18n';
import type { Try } from '@/ui/tries';
import { Gate } from './gate';
import { NotFound } from './not-found';
import { loadedOr, Stalled } from './stalled';
import type { AskingView } from '@/features/consent/asking';
import type { ContactFilter } from '@/features/contacts/queries';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined);
const whole = (value: unknown): number | undefined => {
  const n = Number(value);
  return value !== '' && value !== undefined && Number.isInteger(n) && n > 0 ? n : undefined;
};

interface ModerationSearch { queue?: 'all' | undefined; state?: string | undefined; account?: number | undefined; post?: number | undefined; contact?: number | undefined; language?: string | undefined; category?: string | undefined; tier?: string | undefined; sure?: string | undefined; age?: string | undefined; by?: string | undefined; q?: string | undefined; id?: number | undefined }
interface InboxSearch { view?: string | undefined; label?: string | undefined; state?: 'resolved' | undefined; channel?: string | undefined; team?: string | undefined; q?: string | undefined; id?: number | undefined; at?: number | undefined; panel?: 'timeline' | undefined }

interface FlowsSearch { tab?: 'runs' | 'secrets' | undefined; ended?: true | undefined; flow?: string | undefined }

/** A screen that is loaded when it is opened, with the words that it alone needs. Its type is not looked at here: screens read theirs from this table. */
function screen(load: () => Promise<{ default: unknown }>, ...words: Section[]): AsyncRouteComponent<object> {
  return lazyRouteComponent(() => loadedOr(async () => (await Promise.all([load(), ...words.map(openWords)]))[0] as { default: () => ReactNode }));
}

const root = createRootRoute({ component: Gate, notFoundComponent: NotFound });

const home = createRoute({ getParentRoute: () => root, path: '/', component: screen(() => import('@/features/home'), 'home') });
const moderation = createRoute({
  getParentRoute: () => root,
  path: '/moderation',
  validateSearch: (s: Record<string, unknown>): ModerationSearch => ({
    queue: s['queue'] === 'all' ? 'all' : undefined,
    state: text(s['state']),
    account: whole(s['account']),
    post: whole(s['post']),
    contact: whole(s['contact']),
    language: text(s['language']),
    category: text(s['category']),
    tier: text(s['tier']),
    sure: text(s['sure']),
    age: text(s['age']),
    by: text(s['by']),
    q: text(s['q']),
    id: whole(s['id']),
  }),
  component: screen(() => import('@/features/moderation'), 'moderation', 'said'),
});
const machine = createRoute({ getParentRoute: () => root, path: '/moderation/today', component: screen(() => import('@/features/moderation/today'), 'moderation', 'said') });
const disagreements = createRoute({ getParentRoute: () => root, path: '/moderation/disagreements', component: screen(() => import('@/features/moderation/disagreements'), 'moderation', 'said') });
const policies = createRoute({
  getParentRoute: () => root,
  path: '/policies',
  validateSearch: (s: Record<string, unknown>): { tab?: 'rules' | 'versions' | 'switches' | undefined; rule?: string | undefined; version?: number | undefined } => ({ tab: s['tab'] === 'rules' || s['tab'] === 'versions' || s['tab'] === 'switches' ? s['tab'] : undefined, rule: text(s['rule']), version: whole(s['version']) }),
  component: screen(() => import('@/features/policies'), 'policies', 'said'),
});
const inbox = createRoute({
  getParentRoute: () => root,
  path: '/inbox',
  validateSearch: (s: Record<string, unknown>): InboxSearch => ({ view: text(s['view']), state: s['state'] === 'resolved' ? 'resolved' : undefined, channel: text(s['channel']), team: text(s['team']), label: text(s['label']), q: text(s['q']), id: whole(s['id']), at: whole(s['at']), panel: s['panel'] === 'timeline' ? 'timeline' : undefined }),
  component: screen(() => import('@/features/inbox'), 'inbox', 'person'),
});
const contacts = createRoute({
  getParentRoute: () => root,
  path: '/contacts',
  validateSearch: (s: Record<string, unknown>): ContactFilter => ({ q: text(s['q']), label: text(s['label']), language: text(s['language']), channel: text(s['channel']) as ContactFilter['channel'], consent: text(s['consent']) as ContactFilter['consent'] }),
  component: screen(() => import('@/features/contacts'), 'contacts', 'person'),
});
const imports = createRoute({ getParentRoute: () => root, path: '/contacts/imports', component: screen(() => import('@/features/imports'), 'imports') });
const compliance = createRoute({ getParentRoute: () => root, path: '/compliance', validateSearch: (s: Record<string, unknown>): { view?: 'resolved' | 'open' | undefined } => ({ view: s['view'] === 'resolved' ? 'resolved' : undefined }), component: screen(() => import('@/features/compliance'), 'compliance') });
const person = createRoute({ getParentRoute: () => root, path: '/contacts/$id', component: screen(() => import('@/features/contacts/person'), 'contacts', 'person') });
const outbox = createRoute({
  getParentRoute: () => root,
  path: '/outbox',
  validateSearch: (s: Record<string, unknown>): { view?: string | undefined; contact?: number | undefined; reason?: string | undefined } => ({ view: text(s['view']), contact: whole(s['contact']), reason: text(s['reason']) }),
  component: screen(() => import('@/features/outbox'), 'outbox'),
});
const leads = createRoute({
  getParentRoute: () => root,
  path: '/leads',
  validateSearch: (s: Record<string, unknown>): { view?: 'done' | 'all' | 'forms' | undefined; form?: string | undefined } => ({ view: s['view'] === 'done' || s['view'] === 'all' || s['view'] === 'forms' ? s['view'] : undefined, form: text(s['form']) }),
  component: screen(() => import('@/features/leads'), 'leads', 'said'),
});
const links = createRoute({ getParentRoute: () => root, path: '/links', component: screen(() => import('@/features/links'), 'links') });
const poster = createRoute({ getParentRoute: () => root, path: '/links/$id', component: screen(() => import('@/features/links/poster'), 'links') });
const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  validateSearch: (s: Record<string, unknown>): { view?: 'all' | 'deliveries' | undefined; q?: string | undefined } => ({ view: s['view'] === 'all' || s['view'] === 'deliveries' ? s['view'] : undefined, q: text(s['q']) }),
  component: screen(() => import('@/features/events'), 'events', 'said'),
});
const consent = createRoute({ getParentRoute: () => root, path: '/consent', validateSearch: (s: Record<string, unknown>): { contact?: number | undefined } => ({ contact: whole(s['contact']) }), component: screen(() => import('@/features/consent'), 'consent') });
const asking = createRoute({ getParentRoute: () => root, path: '/consent/asking', validateSearch: (s: Record<string, unknown>): { view?: AskingView | undefined } => ({ view: (['wordings', 'waiting', 'form', 'rules'] as const).find((v) => v === s['view']) }), component: screen(() => import('@/features/consent/asking'), 'consent', 'said') });
const audit = createRoute({ getParentRoute: () => root, path: '/audit', validateSearch: (s: Record<string, unknown>): { object?: string | undefined } => ({ object: text(s['object']) }), component: screen(() => import('@/features/audit'), 'audit', 'said') });
const templates = createRoute({
  getParentRoute: () => root,
  path: '/templates',
  validateSearch: (s: Record<string, unknown>): { view?: 'meta' | 'ready' | undefined } => ({ view: s['view'] === 'meta' || s['view'] === 'ready' ? s['view'] : undefined }),
  component: screen(() => import('@/features/templates'), 'templates'),
});
const template = createRoute({ getParentRoute: () => root, path: '/templates/$id', component: screen(() => import('@/features/templates/edit'), 'templates', 'said_templates') });
const triggers = createRoute({ getParentRoute: () => root, path: '/triggers', component: screen(() => import('@/features/campaigns'), 'campaigns') });
const trigger = createRoute({ getParentRoute: () => root, path: '/triggers/$id', component: screen(() => import('@/features/campaigns/edit'), 'campaigns', 'said') });
const campaign = createRoute({ getParentRoute: () => root, path: '/campaigns/$id', component: screen(() => import('@/features/campaigns/campaign'), 'campaigns') });
const flows = createRoute({ getParentRoute: () => root, path: '/flows', validateSearch: (s: Record<string, unknown>): FlowsSearch => ({ tab: s['tab'] === 'runs' || s['tab'] === 'secrets' ? s['tab'] : undefined, ended: s['ended'] === true ? true : undefined, flow: text(s['flow']) }), component: screen(() => import('@/features/flows'), 'flows') });
const flow = createRoute({ getParentRoute: () => root, path: '/flows/$id', component: screen(() => import('@/features/flows/edit'), 'flows', 'said_flows') });
const bookings = createRoute({
  getParentRoute: () => root,
  path: '/bookings',
  validateSearch: (s: Record<string, unknown>): { tab?: 'services' | 'hours' | undefined; day?: string | undefined; view?: 'day' | undefined; person?: number | undefined } => ({ tab: s['tab'] === 'services' || s['tab'] === 'hours' ? s['tab'] : undefined, day: /^\d{4}-\d\d-\d\d$/.test(text(s['day']) ?? '') ? text(s['day']) : undefined, view: s['view'] === 'day' ? 'day' : undefined, person: whole(s['person']) }),
  component: screen(() => import('@/features/bookings'), 'person'),
});
const knowledge = createRoute({
  getParentRoute: () => root,
  path: '/knowledge',
  validateSearch: (s: Record<string, unknown>): { tab?: 'knowledge' | 'questions' | 'figures' | undefined } => ({ tab: s['tab'] === 'knowledge' || s['tab'] === 'questions' || s['tab'] === 'figures' ? s['tab'] : undefined }),
  component: screen(() => import('@/features/knowledge'), 'knowledge', 'said_refusals'),
});
const accounts = createRoute({ getParentRoute: () => root, path: '/accounts', component: screen(() => import('@/features/accounts'), 'accounts') });
const team = createRoute({ getParentRoute: () => root, path: '/team', validateSearch: (s: Record<string, unknown>): { tab?: 'labels' | undefined } => ({ tab: s['tab'] === 'labels' ? 'labels' : undefined }), component: screen(() => import('@/features/team'), 'team') });
const figures = createRoute({ getParentRoute: () => root, path: '/figures', validateSearch: (s: Record<string, unknown>): { days?: number | undefined } => ({ days: s['days'] === 30 || s['days'] === 90 ? s['days'] : undefined }), component: screen(() => import('@/features/team/figures'), 'figures') });
const profile = createRoute({ getParentRoute: () => root, path: '/profile', component: screen(() => import('@/features/profile'), 'profile') });
const password = createRoute({ getParentRoute: () => root, path: '/password' }); // the gate shows it, signed in or not
const settings = createRoute({ getParentRoute: () => root, path: '/settings', validateSearch: (s: Record<string, unknown>): { tab?: 'desk' | 'hours' | 'webhooks' | undefined } => ({ tab: s['tab'] === 'desk' || s['tab'] === 'hours' || s['tab'] === 'webhooks' ? s['tab'] : undefined }), component: screen(() => import('@/features/settings'), 'settings', 'said') });
const rehearse = createRoute({ getParentRoute: () => root, path: '/rehearse', validateSearch: (s: Record<string, unknown>): { say?: Try | undefined } => ({ say: s['say'] === 'rude' || s['say'] === 'info' ? s['say'] : undefined }), component: screen(() => import('@/features/rehearse'), 'rehearse') });

export const router = createRouter({
  routeTree: root.addChildren([home, moderation, machine, disagreements, policies, inbox, flows, flow, bookings, triggers, trigger, campaign, knowledge, accounts, team, figures, profile, password, settings, rehearse, contacts, imports, compliance, person, leads, links, poster, outbox, events, consent, asking, audit, templates, template]),
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Loading rows={6} />,
  defaultErrorComponent: ({ error }) => <Stalled error={error} />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
