// Which decision log is replayed: one that was named at the start, or a file.

import { useId, useState } from 'preact/hooks';
import { SelectField } from '../../../shared/fields';
import type { LogSource } from '../../server/contract';

interface Log {
  name: string;
  source: LogSource;
}

export function LogChoice({ logs, log, onLog }: { logs: readonly string[]; log: Log | null; onLog: (log: Log) => void }) {
  const id = useId();
  const [slip, setSlip] = useState<string | null>(null);
  const read = async (file: File) => {
    try {
      onLog({ name: file.name, source: { text: await textOf(file) } });
      setSlip(null);
    } catch {
      setSlip(`${file.name} cannot be read: expected lines of JSON, or the same packed by gzip.`);
    }
  };
  return (
    <div class="row">
      {logs.length > 0 && (
        <SelectField
          label="Log named at the start"
          value={log !== null && 'name' in log.source ? log.name : ''}
          choices={[{ value: '', words: 'choose' }, ...logs.map((name) => ({ value: name, words: name }))]}
          onValue={(name) => name !== '' && onLog({ name, source: { name } })}
        />
      )}
      <div class="field">
        <label for={id}>Log file</label>
        <input
          id={id}
          type="file"
          accept=".jsonl,.json,.log,.gz"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file !== undefined) void read(file);
          }}
        />
      </div>
      {slip !== null && <p class="error" role="alert">{slip}</p>}
    </div>
  );
}

async function textOf(file: File): Promise<string> {
  if (!file.name.endsWith('.gz')) return file.text();
  return new Response(file.stream().pipeThrough(new DecompressionStream('gzip'))).text();
}
