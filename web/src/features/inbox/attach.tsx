import { ActionIcon } from '@mantine/core';
import { IconFile, IconMusic, IconPaperclip, IconVideo, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ClipboardEvent, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail } from '@/api/types';
import { problemText } from '@/ui/toast';
import { accept, refusal, upload, type Uploaded } from './files';
import css from './inbox.module.css';

export interface Chosen { key: number; name: string; size: number; share: number; kept?: Uploaded; error?: string }

/** The most files that one press of Send sends. */
const most = 10;

/** Files for a reply: chosen, dragged or pasted, checked, uploaded at once and sent with the answer. */
export function useFiles(c: ConversationDetail) {
  const { t, i18n } = useTranslation();
  const [files, setFiles] = useState<Chosen[]>([]);
  const uploads = useRef(new Map<number, AbortController>());
  const next = useRef(0);
  useEffect(() => { const open = uploads.current; return () => { for (const u of open.values()) u.abort(); }; }, []);
  const change = (key: number, to: Partial<Chosen>) => setFiles((list) => list.map((f) => (f.key === key ? { ...f, ...to } : f)));

  const begin = (file: File) => {
    const key = ++next.current;
    const no = refusal(c.files, file);
    const error = no && t(`inbox.file.${no.why}`, { name: file.name, most: size(no.most, i18n.language) });
    setFiles((list) => (list.length >= most ? list : [...list, { key, name: file.name, size: file.size, share: 0, ...(error ? { error } : {}) }]));
    if (error) return;
    const stop = new AbortController();
    uploads.current.set(key, stop);
    upload(c.id, file, stop.signal, (share) => change(key, { share }))
      .then((kept) => change(key, { kept, share: 1 }))
      .catch((e: unknown) => { if (!stop.signal.aborted) change(key, { error: problemText(e) }); })
      .finally(() => uploads.current.delete(key));
  };
  const add = (list: Iterable<File>) => { if (c.files.length > 0) for (const f of [...list].slice(0, most - files.length)) begin(f); };
  const drop = (key: number) => { uploads.current.get(key)?.abort(); setFiles((list) => list.filter((f) => f.key !== key)); };
  return {
    files, add, drop,
    ready: files.length > 0 && files.every((f) => f.kept),
    onPaste: (e: ClipboardEvent) => { if (e.clipboardData.files.length > 0) { e.preventDefault(); add(e.clipboardData.files); } },
    onDrop: (e: DragEvent) => { if (e.dataTransfer.files.length > 0) { e.preventDefault(); add(e.dataTransfer.files); } },
    onDragOver: (e: DragEvent) => { if (c.files.length > 0 && e.dataTransfer.types.includes('Files')) e.preventDefault(); },
  };
}

export function size(bytes: number, language: string): string {
  const mega = bytes >= 1 << 20;
  return new Intl.NumberFormat(language, { style: 'unit', unit: mega ? 'megabyte' : 'kilobyte', maximumFractionDigits: mega ? 1 : 0 }).format(mega ? bytes / (1 << 20) : Math.max(1, bytes / 1024));
}

export function AttachButton({ c, onAdd }: { c: ConversationDetail; onAdd: (files: Iterable<File>) => void }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  if (c.files.length === 0) return null;
  return (
    <>
      <input ref={input} type="file" multiple hidden tabIndex={-1} aria-label={t('inbox.file.choose')} accept={accept(c.files)} onChange={(e) => { onAdd([...(e.currentTarget.files ?? [])]); e.currentTarget.value = ''; }} />
      <ActionIcon variant="default" size={34} aria-label={t('inbox.file.choose')} title={t('inbox.file.choose')} onClick={() => input.current?.click()}><IconPaperclip size={17} aria-hidden /></ActionIcon>
    </>
  );
}

const icons = { video: IconVideo, audio: IconMusic, document: IconFile, image: IconFile } as const;

export function FileList({ files, onDrop }: { files: readonly Chosen[]; onDrop: (key: number) => void }) {
  const { t, i18n } = useTranslation();
  if (files.length === 0) return null;
  return (
    <ul className={css.files} aria-label={t('inbox.file.list')}>
      {files.map((f) => {
        const Icon = icons[f.kept?.type ?? 'document'];
        return (
          <li key={f.key} data-bad={f.error !== undefined || undefined}>
            {f.kept?.type === 'image' ? <img src={f.kept.url} alt="" /> : <Icon size={20} stroke={1.6} aria-hidden />}
            <span className={css.fileName}>
              <span className="clip" dir="auto" title={f.name}>{f.name}</span>
              {f.error ? <small role="alert">{f.error}</small> : f.kept ? <small>{size(f.size, i18n.language)}</small> : <progress value={f.share} max={1} aria-label={t('inbox.file.uploading', { name: f.name })} />}
            </span>
            <ActionIcon variant="subtle" color="gray" aria-label={t('inbox.file.remove', { name: f.name })} onClick={() => onDrop(f.key)}><IconX size={15} aria-hidden /></ActionIcon>
          </li>
        );
      })}
    </ul>
  );
}
