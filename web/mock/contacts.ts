import type { ComplianceItem, ConsentImport, Duplicate, Merge } from '@/api/types';
import { ago } from './data.ts';

const brief = (id: number, name: string) => ({ id, name, language: 'it', labels: [], erased: false, known: null });

export const duplicates: Duplicate[] = [{ a: brief(300, 'Giulia Rossi'), b: brief(302, 'giulia.r'), same: ['phone'] }];

export const merges: Merge[] = [
  { id: 2, from_id: 307, from_name: 'Giulia R.', into_id: 300, reason: 'told us on the phone that both are hers', by: 'Nora Weld', at: ago(90), undone_at: null, undone_by: '', lost: ['name', 'language'] },
  { id: 1, from_id: 308, from_name: '', into_id: 300, reason: 'same e-mail', by: 'Nora Weld', at: ago(4000), undone_at: ago(3900), undone_by: 'Nora Weld', lost: [] },
];

const item = (id: number, kind: ComplianceItem['kind'], level: ComplianceItem['level'], matched: string): ComplianceItem => ({
  id, kind, contact_id: 300, contact_name: 'Giulia Rossi', contact_erased: false, conversation_id: 1000, message_id: 5, comment_id: null, account_id: null, account_name: '', detail: '', until: null, channel: 'whatsapp', matched, opened_at: ago(2000), due_at: ago(560), breach_at: ago(-3000), level,
  resolution: level === 'resolved' ? 'Answered by letter; the number was withdrawn.' : '', resolved_by: level === 'resolved' ? 'Nora Weld' : '', resolved_at: level === 'resolved' ? ago(100) : null,
});

export const compliance: ComplianceItem[] = [item(3, 'authority', 'breach', 'al garante'), item(2, 'complaint', 'alarm', 'chi vi ha dato il mio numero'), item(1, 'erasure', 'waiting', 'cancellate i miei dati'), item(4, 'lawyer', 'resolved', 'my lawyer'),
  { ...item(5, 'complaint', 'waiting', 'report you'), channel: 'instagram', contact_id: null, contact_name: '', conversation_id: null, message_id: null, comment_id: 1 },
  { ...item(6, 'unreachable', 'alarm', 'disconnected'), contact_id: null, contact_name: '', conversation_id: null, message_id: null, account_id: 3, account_name: 'Bondi Kayaks', until: ago(-20000) },
];

export const imports: ConsentImport[] = [
  { id: 3, name: 'loyalty-2026.csv', state: 'checked', origin: '', uploaded_by: 'Nora Weld', confirmed_by: '', rows: 1200, waiting: 1150, refused: 50, imported: 0, suppressed: 0, created_at: ago(5), ended_at: null },
  { id: 2, name: 'till-exports-with-a-rather-long-name-from-the-shop-at-the-north-ramp-2025.csv', state: 'running', origin: 'Signed cards from the shop, kept in the safe; the manager can show them.', uploaded_by: 'Sam Oduya', confirmed_by: 'Nora Weld', rows: 800, waiting: 420, refused: 0, imported: 371, suppressed: 9, created_at: ago(60), ended_at: null },
  { id: 1, name: 'newsletter.csv', state: 'done', origin: 'Web form of the old site.', uploaded_by: 'Nora Weld', confirmed_by: 'Nora Weld', rows: 40, waiting: 0, refused: 1, imported: 39, suppressed: 0, created_at: ago(9000), ended_at: ago(8990) },
];
