import type { Stage, StageCall, StageComment, StageMessage } from '../src/features/rehearse/control';
import { ago } from './data.ts';

/** The stage of a rehearsal with a brand that answers every comment at once. */
export const stage: Stage = {
  seq: 1,
  accounts: [
    { id: 'ig', channel: 'instagram', name: 'bondikayaks' },
    { id: 'fb', channel: 'facebook', name: 'Bondi Kayaks' },
    { id: 'wa', channel: 'whatsapp', name: 'Bondi Kayaks', phone: '61255500101' },
  ],
  people: [
    { id: '1', name: 'Giulia Ferrero', username: 'giuli.fer', language: 'it' },
    { id: '2', name: 'Tom Hale', username: 'tomhale', language: 'en' },
  ],
  posts: [
    { id: 'p1', account: 'ig', caption: 'Sunrise paddle, every Saturday in summer. Comment SUNRISE and we send you the dates.', picture: '', at: ago(300) },
    { id: 'p2', account: 'fb', caption: 'The double sit-on-top is back in stock, in sea green and sand.', picture: '', at: ago(900) },
  ],
  comments: [
    { id: 'c1', account: 'ig', post: 'p1', person: '2', text: 'Is it hard for beginners?', at: ago(200), hidden: false, deleted: false },
    { id: 'c2', account: 'ig', post: 'p1', parent: 'c1', person: '', text: 'Not at all, the water is flat.', at: ago(190), hidden: false, deleted: false },
  ],
  messages: [],
};

export const calls: StageCall[] = [{ method: 'POST', path: '/v25.0/c1/replies', status: 200 }];

let count = 10;

/** Answers when something happened after that number, or after a while. */
export async function changes(after: number): Promise<{ seq: number }> {
  for (let i = 0; i < 200 && stage.seq <= after; i++) await new Promise((done) => setTimeout(done, 100));
  return { seq: stage.seq };
}

export function act(kind: string, body: Record<string, unknown>): void {
  stage.seq++;
  const at = new Date().toISOString();
  const id = () => `m${++count}`;
  const text = String(body['text'] ?? '');
  const person = String(body['person'] ?? '');
  const account = String(body['account'] ?? '');
  const say = (over: Partial<StageMessage>) => stage.messages.push({ id: id(), account, person, from_brand: true, type: 'text', text: '', at, ...over });
  if (kind === 'comment') {
    const comment: StageComment = { id: id(), account, post: String(body['post'] ?? ''), person, text, at, hidden: false, deleted: false };
    stage.comments.push(comment, { ...comment, id: id(), parent: comment.id, person: '', text: 'Look in your messages!' });
    say({ text: 'Ciao! Le date sono qui: https://wa.me/61255500101?text=Ciao%21%20Rif.%20K7M2-QX9D' });
    calls.push({ method: 'POST', path: `/v25.0/${comment.id}/replies`, status: 200 });
  } else {
    say({ from_brand: false, text });
    say({ text: 'Benvenuta! In che cosa possiamo aiutarti?', buttons: [{ id: 'hire', title: 'Noleggio' }, { id: 'person', title: 'Una persona' }] });
  }
}
