// A request with all that its verdict depends on, as the site has it.

import type { Caller, Mode, Severity } from '../policy/contract';

export interface Given {
  request: {
    method: string;
    target: string;
    /** Names in lower case. */
    fields: [name: string, value: string][];
    body: { text: string } | { base64: string };
    bodyComplete: boolean;
  };
  context: {
    /** Milliseconds since 1970-01-01T00:00:00Z. */
    receivedAt: number;
    mode: Mode;
    caller: Caller | null;
    /** By name. */
    facts: Record<string, FactGiven>;
    /** Values are JSON texts. */
    options: [name: string, value: string][];
    severities: [rule: string, severity: Severity][];
  };
}

/** What the VNFM or NFVO answers: 200 with a JSON text, 404, 401 or 403, or nothing usable. */
export type FactGiven =
  | { answer: 'found'; etag: string | null; body: string }
  | { answer: 'absent' | 'withheld' | 'unavailable' };
