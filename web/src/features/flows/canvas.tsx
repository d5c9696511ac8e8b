import { Background, Controls, Handle, MarkerType, Position, ReactFlow, useReactFlow, useStore, type Edge, type Node, type NodeProps } from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { FlowCheck } from '@/api/types';
import { layOut, type FlowStep } from './graph';
import css from './flows.module.css';

type StepData = { step: FlowStep; faults: number; warnings: number; here: boolean };

/** The steps as nodes and the ways as arrows. A step opens its place in the document; drawing an arrow changes where it goes on. */
export function Canvas({ steps, check, at, chosen, onChoose, onConnect }: { steps: FlowStep[]; check: FlowCheck | undefined; at: string | undefined; chosen: string | undefined; onChoose: (id: string) => void; onConnect: ((from: string, to: string) => void) | undefined }) {
  const { t } = useTranslation();
  const scheme = useComputedColorScheme('light');
  const { nodes, edges } = useMemo(() => {
    const places = layOut(steps);
    const count = (list: FlowCheck['faults'] | undefined, id: string) => list?.filter((f) => f.step === id).length ?? 0;
    const nodes: Node<StepData>[] = steps.map((s) => ({
      id: s.id, type: 'step', position: places.get(s.id) ?? { x: 0, y: 0 }, selected: s.id === chosen, ariaLabel: `${s.id}, ${t(`flows.type.${s.type}`, { defaultValue: s.type })}`,
      data: { step: s, faults: count(check?.faults, s.id), warnings: count(check?.warnings, s.id), here: s.id === at },
    }));
    const known = new Set(steps.map((s) => s.id));
    const edges: Edge[] = steps.flatMap((s) => s.ways.filter((w) => known.has(w.to)).map((w, i) => ({
      id: `${s.id}-${w.key}-${i}`, source: s.id, target: w.to, type: 'smoothstep', focusable: false, ariaLabel: t('flows.edge', { from: s.id, to: w.to }), markerEnd: { type: MarkerType.ArrowClosed }, ...(w.key === 'next' ? {} : { label: t(`flows.way.${w.key}`, { defaultValue: w.key }) }),
    })));
    return { nodes, edges };
  }, [steps, check, at, chosen, t]);
  return (
    <div className={css.canvas} role="region" aria-label={t('flows.canvas')}>
      <ReactFlow key={steps.length} nodes={nodes} edges={edges} nodeTypes={types} colorMode={scheme} fitView fitViewOptions={whole(steps) ? {} : start(steps)} minZoom={0.15} ariaLabelConfig={{ 'node.a11yDescription.default': t('flows.canvas_keys'), 'node.a11yDescription.keyboardDisabled': t('flows.canvas_keys'), 'edge.a11yDescription.default': '', 'controls.ariaLabel': t('flows.zoom'), 'controls.zoomIn.ariaLabel': t('flows.zoom_in'), 'controls.zoomOut.ariaLabel': t('flows.zoom_out'), 'controls.fitView.ariaLabel': t('flows.zoom_all') }} nodesDraggable={false} nodesConnectable={onConnect !== undefined} deleteKeyCode={null} proOptions={{ hideAttribution: true }}
        onNodeClick={(_, n) => onChoose(n.id)} onConnect={(c) => onConnect?.(c.source, c.target)} onSelectionChange={({ nodes: [n] }) => { if (n && n.id !== chosen) onChoose(n.id); }}>
        <Background />
        <Refit steps={steps} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

/** Where the canvas grows narrower or wider, what was in view stays in view. */
function Refit({ steps }: { steps: FlowStep[] }) {
  const width = useStore((s) => s.width);
  const { fitView } = useReactFlow();
  const first = steps.length;
  useEffect(() => { if (width > 0) void fitView(first <= 8 ? {} : start(steps)); }, [width, first, fitView]); // eslint-disable-line react-hooks/exhaustive-deps -- what is written meanwhile moves nothing
  return null;
}

/** Whether the words of a step can still be read when all of them are shown. */
const whole = (steps: FlowStep[]) => steps.length <= 8;

/** A long flow is shown from its beginning, large enough to read. */
const start = (steps: FlowStep[]) => ({ nodes: steps.slice(0, 4).map((s) => ({ id: s.id })), maxZoom: 0.9, padding: 0.1 });

function StepNode({ data }: NodeProps<Node<StepData>>) {
  const { t } = useTranslation();
  const { step, faults, warnings, here } = data;
  return (
    <div className={css.node} data-faults={faults > 0} data-here={here}>
      <Handle type="target" position={Position.Top} />
      <div className={css.nodeHead}><span>{t(`flows.type.${step.type}`, { defaultValue: step.type })}</span><code>{step.id}</code></div>
      {step.text && <p className="clip2" dir="auto">{step.text}</p>}
      {faults > 0 && <p className={css.bad}>{t('flows.faults', { count: faults })}</p>}
      {faults === 0 && warnings > 0 && <p className={css.warn}>{t('flows.warnings', { count: warnings })}</p>}
      <Handle type="source" position={Position.Bottom} />
    </div>
  );
}

const types = { step: StepNode };
