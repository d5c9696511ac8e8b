import { ApiError, type Problem } from '@/api/errors';
import { chosenWorkspace } from '@/api/client';
import type { ConversationDetail } from '@/api/types';

export type FileLimit = ConversationDetail['files'][number];

/** A file that the service keeps for a reply. */
export interface Uploaded { id: number; name: string; type: FileLimit['type']; mime: string; size: number; url: string }

/** What browsers call types that have a common name. */
const aliases: Record<string, string> = { 'audio/mp3': 'audio/mpeg', 'audio/x-m4a': 'audio/mp4', 'audio/m4a': 'audio/mp4', 'audio/x-wav': 'audio/wav', 'audio/wave': 'audio/wav', 'image/jpg': 'image/jpeg', 'audio/x-aac': 'audio/aac', 'audio/vnd.dlna.adts': 'audio/aac', 'video/ogg': 'audio/ogg' };

/** Why the network would not take a file, told before it is uploaded; the service looks at its bytes once more. */
export function refusal(limits: readonly FileLimit[], file: { type: string; size: number }): { why: 'empty' | 'type' | 'size'; most: number } | undefined {
  if (file.size === 0) return { why: 'empty', most: 0 };
  const type = aliases[file.type] ?? file.type;
  const limit = limits.find((l) => l.mimes.includes(type));
  if (!limit && type !== '') return { why: 'type', most: 0 };
  const most = limit?.max_bytes ?? Math.max(...limits.map((l) => l.max_bytes));
  return file.size > most ? { why: 'size', most } : undefined;
}

export const accept = (limits: readonly FileLimit[]): string => limits.flatMap((l) => l.mimes).join(',');

/** Uploads a file and tells how far it is; fetch cannot tell that. */
export function upload(conversation: number, file: File, signal: AbortSignal, onProgress: (share: number) => void): Promise<Uploaded> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/v1/conversations/${conversation}/files?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader('X-Ponte-CSRF', '1');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    const workspace = chosenWorkspace.get();
    if (workspace) request.setRequestHeader('X-Ponte-Workspace', workspace);
    request.upload.onprogress = (e) => { if (e.lengthComputable) onProgress(e.loaded / e.total); };
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status === 200) done(body as Uploaded);
      else fail(new ApiError(request.status, (body ?? {}) as Problem));
    };
    request.onerror = () => fail(new ApiError(0, { title: 'offline', kind: 'offline' }));
    request.onabort = () => fail(new DOMException('aborted', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

function parse(text: string): unknown {
  try { return JSON.parse(text); } catch { return undefined; }
}
