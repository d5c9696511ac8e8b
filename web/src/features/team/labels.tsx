import { ActionIcon, Button, Group, Menu, Modal, Radio, Select, Stack, TextInput } from '@mantine/core';
import { IconArrowMerge, IconBookmarkPlus, IconDots, IconPencil, IconPlus, IconTag, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCountedLabels } from '@/api/desk';
import { ApiError } from '@/api/errors';
import type { Label, LabelInput } from '@/api/types';
import { Table } from '@/ui/parts';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useMergeLabel, useRemoveLabel, useSaveLabel } from './queries';
import css from './labels.module.css';

const colors: LabelInput['color'][] = ['gray', 'red', 'orange', 'yellow', 'green', 'teal', 'blue', 'violet', 'pink'];
const fresh: LabelInput = { name: '', color: 'teal', description: '' };

type Doing = { what: 'edit'; id: number; label: LabelInput } | { what: 'merge' | 'remove'; label: Label };

/** The labels of the workspace, how much carries each, and the words that are carried and not kept. */
export function Labels() {
  const { t, i18n } = useTranslation();
  const list = useCountedLabels();
  const save = useSaveLabel();
  const [doing, setDoing] = useState<Doing>();
  const n = new Intl.NumberFormat(i18n.language);
  const add = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setDoing({ what: 'edit', id: 0, label: fresh })}>{t('labels.add')}</Button>;
  const keep = (l: Label) => save.mutate({ id: 0, label: { name: l.name, color: 'gray', description: '' } }, { onSuccess: () => told(t('act.saved')), onError: failed });
  return (
    <>
      <div className={css.bar}><p>{t('labels.lead')}</p>{add}</div>
      <Loaded query={list}>
        {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('labels.none')} icon={<IconTag size={24} stroke={1.4} aria-hidden />}>{t('labels.none_text')}</Empty></div> : (
          <Table label={t('labels.title')} head={[t('labels.label'), t('labels.open'), t('labels.conversations'), t('labels.contacts'), '']}>
            {items.map((l) => (
              <tr key={l.id || `free ${l.name}`}>
                <td className={css.first}><span className={css.name}><i className={css.dot} data-color={l.color} aria-hidden /><strong>{l.name}</strong></span><small className={css.text}>{l.id ? l.description : t('labels.free')}</small></td>
                <td>{l.open > 0 ? <Link to="/inbox" search={{ view: 'all', label: l.name }} aria-label={t('labels.open_of', { name: l.name, n: l.open })}>{n.format(l.open)}</Link> : 0}</td>
                <td>{n.format(l.conversations)}</td>
                <td>{l.contacts > 0 ? <Link to="/contacts" search={{ label: l.name }} aria-label={t('labels.contacts_of', { name: l.name, n: l.contacts })}>{n.format(l.contacts)}</Link> : 0}</td>
                <td className={css.acts}>
                  {l.id === 0 ? <Button variant="subtle" size="compact-sm" leftSection={<IconBookmarkPlus size={14} aria-hidden />} loading={save.isPending} aria-label={t('labels.keep_of', { name: l.name })} onClick={() => keep(l)}>{t('labels.keep')}</Button> : (
                    <>
                      <ActionIcon variant="subtle" color="gray" aria-label={t('team.edit_named', { name: l.name })} onClick={() => setDoing({ what: 'edit', id: l.id, label: { name: l.name, color: l.color, description: l.description } })}><IconPencil size={16} aria-hidden /></ActionIcon>
                      <Menu position="bottom-end">
                        <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('accounts.more', { name: l.name })}><IconDots size={16} aria-hidden /></ActionIcon></Menu.Target>
                        <Menu.Dropdown>
                          <Menu.Item leftSection={<IconArrowMerge size={15} aria-hidden />} disabled={items.filter((x) => x.id !== 0).length < 2} onClick={() => setDoing({ what: 'merge', label: l })}>{t('labels.merge')}</Menu.Item>
                          <Menu.Item color="red" leftSection={<IconTrash size={15} aria-hidden />} onClick={() => setDoing({ what: 'remove', label: l })}>{t('act.remove')}</Menu.Item>
                        </Menu.Dropdown>
                      </Menu>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {doing?.what === 'edit' && <Edit id={doing.id} start={doing.label} onClose={() => setDoing(undefined)} />}
      {doing?.what === 'merge' && <Merge label={doing.label} others={(list.data?.items ?? []).filter((x) => x.id !== 0 && x.id !== doing.label.id)} onClose={() => setDoing(undefined)} />}
      {doing?.what === 'remove' && <Remove label={doing.label} onClose={() => setDoing(undefined)} />}
    </>
  );
}

function Edit({ id, start, onClose }: { id: number; start: LabelInput; onClose: () => void }) {
  const { t } = useTranslation();
  const [label, setLabel] = useState(start);
  const save = useSaveLabel();
  const error = save.error instanceof ApiError ? save.error.field('name') : undefined;
  return (
    <Modal opened onClose={onClose} title={id ? start.name : t('labels.add')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); save.mutate({ id, label }, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: failed }); }}>
        <Stack gap="sm">
          <TextInput label={t('team.name')} description={id ? t('labels.rename_text') : undefined} required maxLength={60} data-autofocus value={label.name} error={error} onChange={(e) => setLabel({ ...label, name: e.currentTarget.value })} />
          <TextInput label={t('labels.description')} maxLength={200} value={label.description} onChange={(e) => setLabel({ ...label, description: e.currentTarget.value })} />
          <Radio.Group label={t('labels.color')} value={label.color} onChange={(v) => setLabel({ ...label, color: v as LabelInput['color'] })}>
            <div className={css.colors}>{colors.map((c) => <Radio key={c} value={c} label={<span className={css.name}><i className={css.dot} data-color={c} aria-hidden />{t(`label_color.${c}`)}</span>} />)}</div>
          </Radio.Group>
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={save.isPending} disabled={!label.name.trim()}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** How much carries a label, as part of a sentence. */
function useUses(l: Label): string {
  const { t } = useTranslation();
  return t('labels.uses', { conversations: t('labels.n_conversations', { count: l.conversations }), contacts: t('labels.n_contacts', { count: l.contacts }) });
}

function Merge({ label, others, onClose }: { label: Label; others: Label[]; onClose: () => void }) {
  const { t } = useTranslation();
  const merge = useMergeLabel();
  const [into, setInto] = useState<string | null>(null);
  const uses = useUses(label);
  return (
    <Modal opened onClose={onClose} title={t('labels.merge_of', { name: label.name })} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Stack gap="sm">
        <p style={{ margin: 0 }}>{label.conversations + label.contacts > 0 ? `${uses} ${t('labels.merge_text')}` : t('labels.unused')}</p>
        <Select label={t('labels.into')} searchable openOnFocus={false} data-autofocus value={into} onChange={setInto} data={others.map((l) => ({ value: String(l.id), label: l.name }))} />
        <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button disabled={!into} loading={merge.isPending} onClick={() => merge.mutate({ id: label.id, into: Number(into) }, { onSuccess: (l) => { told(t('labels.merged', { name: l.name })); onClose(); }, onError: failed })}>{t('labels.merge')}</Button></Group>
      </Stack>
    </Modal>
  );
}

function Remove({ label, onClose }: { label: Label; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveLabel();
  const used = label.conversations + label.contacts > 0;
  const [everywhere, setEverywhere] = useState('keep');
  const uses = useUses(label);
  return (
    <Modal opened onClose={onClose} title={t('act.remove_named', { name: label.name })} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Stack gap="sm">
        <p style={{ margin: 0 }}>{used ? uses : t('labels.unused')}</p>
        {used && (
          <Radio.Group aria-label={t('labels.what_of_uses')} value={everywhere} onChange={setEverywhere}>
            <Stack gap={8}><Radio value="keep" label={t('labels.keep_word')} /><Radio value="everywhere" label={t('labels.everywhere')} /></Stack>
          </Radio.Group>
        )}
        <Group justify="flex-end"><Button variant="default" onClick={onClose} data-autofocus>{t('act.cancel')}</Button><Button color="red" loading={remove.isPending} onClick={() => remove.mutate({ id: label.id, everywhere: everywhere === 'everywhere' }, { onSuccess: () => { told(t('labels.removed')); onClose(); }, onError: failed })}>{t('act.remove')}</Button></Group>
      </Stack>
    </Modal>
  );
}
