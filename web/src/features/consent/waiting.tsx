import { Button, CopyButton, Group, Modal, Stack, TextInput } from '@mantine/core';
import { IconHourglass } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { OptIn } from '@/api/types';
import { said } from '@/i18n/said';
import { reasonText } from '@/ui/reason';
import { useConfirm } from '@/ui/confirm';
import { dateTime } from '@/ui/format';
import { Ago, Tag, type Tone } from '@/ui/parts';
import { Row, Rows, Views } from '@/ui/rows';
import { Sep } from '@/ui/sep';
import { Empty } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useCancelOptIn, useOptIns, useRenewOptIn, type OptInState } from './queries';

const tone: Record<OptInState, Tone> = { waiting: 'warn', confirmed: 'good', expired: 'plain', cancelled: 'plain' };
const states: OptInState[] = ['waiting', 'confirmed', 'expired', 'cancelled'];

/** Who ticked a box or signed and has still to confirm from their own phone; nobody is written to before that. */
export function Waiting() {
  const { t } = useTranslation();
  const [state, setState] = useState<OptInState>('waiting');
  const list = useOptIns(state, true);
  const [shown, setShown] = useState<OptIn>();
  return (
    <>
      <p>{t('optins.lead')}</p>
      <Views label={t('optins.state')} value={state} onView={setState} views={states.map((s) => ({ value: s, label: t(`optin_state.${s}`) }))} />
      <Rows list={list} label={t('asking.waiting')} empty={<Empty title={t('optins.none')} icon={<IconHourglass size={26} stroke={1.4} aria-hidden />}>{t('optins.none_text')}</Empty>}>{(o) => <One key={o.id} o={o} onLink={setShown} />}</Rows>
      {shown && <TheLink o={shown} onClose={() => setShown(undefined)} />}
    </>
  );
}

function One({ o, onLink }: { o: OptIn; onLink: (o: OptIn) => void }) {
  const { t, i18n } = useTranslation();
  const renew = useRenewOptIn();
  const cancel = useCancelOptIn();
  const [ask, dialog] = useConfirm();
  const end = () => ask({ text: t('optins.sure'), verb: t('optins.end'), run: () => cancel.mutate(o.id, { onSuccess: () => told(t('optins.ended')), onError: failed }) });
  return (
    <Row side={<Tag tone={tone[o.state]}>{t(`optin_state.${o.state}`)}</Tag>}>
      {dialog}
      <strong>{t(`how.${o.source}`)}{o.phone && <><Sep /><bdi>{o.phone}</bdi></>}</strong>
      <small>
        <span><Ago at={o.at} /></span>
        {o.state === 'waiting' && <span>{t('optins.until', { at: dateTime(o.expires_at, i18n.language) })}</span>}
        {o.asked !== 'no' && <span>{t(`optin_asked.${o.asked}`, { at: o.asked_at ? dateTime(o.asked_at, i18n.language) : '' })}{o.asked_reason && <>: {o.asked_reason_code ? reasonText(o.asked_reason_code, o.asked_reason) : said(o.asked_reason_parts, o.asked_reason)}</>}</span>}
        {o.reason && <span>{said(o.reason_parts, o.reason)}</span>}
        {o.contact_id && <Link to="/contacts/$id" params={{ id: String(o.contact_id) }}>{t('optins.person')}</Link>}
      </small>
      {o.state === 'waiting' && (
        <Group gap={6} mt={6}>
          {o.source !== 'web_box' && <Button size="compact-sm" loading={renew.isPending} onClick={() => renew.mutate(o.id, { onSuccess: onLink, onError: failed })}>{t('optins.again')}</Button>}
          <Button size="compact-sm" variant="default" color="red" loading={cancel.isPending} onClick={end}>{t('optins.end')}</Button>
        </Group>
      )}
    </Row>
  );
}

function TheLink({ o, onClose }: { o: OptIn; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={t('optins.again')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <Stack gap="sm">
        <p style={{ margin: 0 }}>{t('optins.link_text', { at: dateTime(o.expires_at, i18n.language) })}</p>
        <TextInput label={t('optins.link')} readOnly value={o.link} onFocus={(e) => e.currentTarget.select()} />
        <Group justify="flex-end"><CopyButton value={o.link}>{({ copied, copy }) => <Button onClick={copy}>{copied ? t('optins.copied') : t('optins.copy')}</Button>}</CopyButton></Group>
      </Stack>
    </Modal>
  );
}
