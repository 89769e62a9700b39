interface CallIds {
  readonly id: string;
  readonly parentId: string;
  readonly eventId: string;
  readonly step: number;
}

/** The ids on every answer, flat list (reference: cloudflare-ai-gateway.md §2.2). */
export function idHeaders({ id, parentId, eventId, step }: CallIds): string[] {
  const ids = ['cf-aig-log-id', id, 'cf-aig-request-id', parentId, 'cf-aig-event-id', eventId];
  ids.push('cf-aig-step', step === 0 ? '0' : String(step));
  return ids;
}
