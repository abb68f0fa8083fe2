// Moves values in and out of the memory of a policy, by the canonical ABI of the component model.

import { aligned, alternatives, layout, sequence } from './types';
import type { Case, Type } from './types';

/** How a component has its texts: `compact` is Latin-1, or UTF-16 with the highest bit of the length set. */
export type Strings = 'utf8' | 'utf16' | 'compact';

/** Finds room: old address, old size, alignment, new size. */
export type Realloc = (old: number, oldSize: number, align: number, size: number) => number;

/** A policy has returned what cannot be read. */
export class Unreadable extends Error {}

/** Of what a policy returns, as in a gate: it could name one text in a million places. */
const MOST_BYTES = 32 * 1024 * 1024;
const UTF16_TAG = 0x8000_0000;

const encoder = new TextEncoder();
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class Memory {
  /** Bytes that may still be read. */
  private left = MOST_BYTES;
  private view: DataView;

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly realloc: Realloc | null,
    private readonly strings: Strings,
  ) {
    this.view = new DataView(memory.buffer);
  }

  // ---- in ------------------------------------------------------------------------

  /** Lays values out one after the other; where they begin. */
  write(types: readonly Type[], values: readonly unknown[]): number {
    const { layout: whole, offsets } = sequence(types);
    const at = this.room(whole.align, whole.size);
    types.forEach((type, index) => this.store(type, values[index], at + (offsets[index] ?? 0)));
    return at;
  }

  private room(align: number, size: number): number {
    if (!this.realloc) throw new Unreadable('it takes values and has no function that finds room for them');
    const at = this.realloc(0, 0, align, size) >>> 0;
    // It may have grown, and then it lies elsewhere.
    if (this.view.buffer !== this.memory.buffer) this.view = new DataView(this.memory.buffer);
    if (at % align !== 0 || at + size > this.view.byteLength) throw new Unreadable('the room that it found is none');
    return at;
  }

  private store(type: Type, value: unknown, at: number): void {
    switch (type.kind) {
      case 'bool':
        return this.view.setUint8(at, value ? 1 : 0);
      case 'u8':
        return this.view.setUint8(at, value as number);
      case 'u16':
        return this.view.setUint16(at, value as number, true);
      case 'u32':
        return this.view.setUint32(at, value as number, true);
      case 'u64':
        return this.view.setBigUint64(at, BigInt(value as number), true);
      case 'string':
        return this.storeString(value as string, at);
      case 'list':
        return this.storeList(type.of, value as ArrayLike<unknown>, at);
      case 'record': {
        const { offsets } = sequence(type.members.map((member) => member.type));
        const held = value as Record<string, unknown>;
        return type.members.forEach((member, index) =>
          this.store(member.type, held[member.key], at + (offsets[index] ?? 0)),
        );
      }
      case 'tuple': {
        const { offsets } = sequence(type.of);
        return type.of.forEach((one, index) =>
          this.store(one, (value as unknown[])[index], at + (offsets[index] ?? 0)),
        );
      }
      case 'enum':
        return this.storeNumber(alternatives(type.names.map(() => null)).tag, type.names.indexOf(value as string), at);
      case 'option':
        return this.storeCase([null, type.of], value === null ? 0 : 1, value, at);
      case 'variant': {
        const { tag, value: held } = value as { tag: string; value?: unknown };
        const index = type.cases.findIndex((one) => one.name === tag);
        return this.storeCase(type.cases.map((one) => one.type), index, held, at);
      }
    }
  }

  private storeCase(types: readonly (Type | null)[], index: number, value: unknown, at: number): void {
    const { tag, payload } = alternatives(types);
    this.storeNumber(tag, index, at);
    const held = types[index];
    if (held) this.store(held, value, at + payload);
  }

  private storeNumber(bytes: number, value: number, at: number): void {
    if (bytes === 1) this.view.setUint8(at, value);
    else if (bytes === 2) this.view.setUint16(at, value, true);
    else this.view.setUint32(at, value, true);
  }

  private storeString(value: string, at: number): void {
    if (this.strings === 'utf8') {
      this.storeBytes(encoder.encode(value), 1, at);
    } else {
      const units = Uint8Array.from({ length: value.length * 2 }, (_, index) => {
        const unit = value.charCodeAt(index >> 1);
        return index % 2 === 0 ? unit & 0xff : unit >> 8;
      });
      this.storeBytes(units, 2, at);
      const tag = this.strings === 'compact' ? UTF16_TAG : 0;
      this.view.setUint32(at + 4, (value.length | tag) >>> 0, true);
    }
  }

  private storeBytes(bytes: Uint8Array, align: number, at: number): void {
    const start = this.room(align, bytes.length);
    new Uint8Array(this.memory.buffer).set(bytes, start);
    this.view.setUint32(at, start, true);
    this.view.setUint32(at + 4, bytes.length, true);
  }

  private storeList(of: Type, values: ArrayLike<unknown>, at: number): void {
    if (values instanceof Uint8Array) return this.storeBytes(values, 1, at);
    const { size, align } = layout(of);
    const start = this.room(align, size * values.length);
    Array.from(values).forEach((value, index) => this.store(of, value, start + index * size));
    this.view.setUint32(at, start, true);
    this.view.setUint32(at + 4, values.length, true);
  }

  // ---- out -----------------------------------------------------------------------

  /** What lies there. */
  read(type: Type, at: number): unknown {
    this.check(at, layout(type).size, layout(type).align);
    return this.load(type, at);
  }

  private load(type: Type, at: number): unknown {
    switch (type.kind) {
      case 'bool':
        return this.view.getUint8(at) !== 0;
      case 'u8':
        return this.view.getUint8(at);
      case 'u16':
        return this.view.getUint16(at, true);
      case 'u32':
        return this.view.getUint32(at, true);
      case 'u64':
        return Number(this.view.getBigUint64(at, true));
      case 'string':
        return this.loadString(at);
      case 'list':
        return this.loadList(type.of, at);
      case 'record': {
        const { offsets } = sequence(type.members.map((member) => member.type));
        return Object.fromEntries(
          type.members.map((member, index) => [member.key, this.load(member.type, at + (offsets[index] ?? 0))]),
        );
      }
      case 'tuple': {
        const { offsets } = sequence(type.of);
        return type.of.map((one, index) => this.load(one, at + (offsets[index] ?? 0)));
      }
      case 'enum': {
        const name = type.names[this.loadNumber(alternatives(type.names.map(() => null)).tag, at)];
        if (name === undefined) throw new Unreadable('it has a value that the contract does not know');
        return name;
      }
      case 'option':
        return this.loadCase([{ name: 'none', type: null }, { name: 'some', type: type.of }], at).value ?? null;
      case 'variant':
        return this.loadCase(type.cases, at);
    }
  }

  private loadCase(cases: readonly Case[], at: number): { tag: string; value?: unknown } {
    const { tag, payload } = alternatives(cases.map((one) => one.type));
    const found = cases[this.loadNumber(tag, at)];
    if (!found) throw new Unreadable('it has a case that the contract does not know');
    return found.type ? { tag: found.name, value: this.load(found.type, at + payload) } : { tag: found.name };
  }

  private loadNumber(bytes: number, at: number): number {
    if (bytes === 1) return this.view.getUint8(at);
    return bytes === 2 ? this.view.getUint16(at, true) : this.view.getUint32(at, true);
  }

  private loadString(at: number): string {
    const start = this.view.getUint32(at, true);
    const length = this.view.getUint32(at + 4, true);
    if (this.strings === 'utf8') return this.text(this.bytes(start, length, 1));
    if (this.strings === 'utf16') return this.units(start, length);
    return length >= UTF16_TAG ? this.units(start, length - UTF16_TAG) : latin1(this.bytes(start, length, 2));
  }

  private text(bytes: Uint8Array): string {
    try {
      return utf8.decode(bytes);
    } catch {
      throw new Unreadable('a text in it is not UTF-8');
    }
  }

  private units(start: number, length: number): string {
    const bytes = this.bytes(start, length * 2, 2);
    return chunked(length, (index) => (bytes[index * 2] ?? 0) | ((bytes[index * 2 + 1] ?? 0) << 8));
  }

  private loadList(of: Type, at: number): unknown {
    const start = this.view.getUint32(at, true);
    const length = this.view.getUint32(at + 4, true);
    const { size, align } = layout(of);
    const bytes = this.bytes(start, length * size, align);
    if (of.kind === 'u8') return bytes.slice();
    return Array.from({ length }, (_, index) => this.load(of, start + index * size));
  }

  private bytes(start: number, length: number, align: number): Uint8Array {
    this.check(start, length, align);
    return new Uint8Array(this.memory.buffer, start, length);
  }

  private check(start: number, length: number, align: number): void {
    this.left -= length;
    if (this.left < 0) throw new Unreadable(`it has more than ${MOST_BYTES} bytes`);
    if (aligned(start, align) !== start || start + length > this.view.byteLength) {
      throw new Unreadable('a part of it lies outside of the memory');
    }
  }
}

function latin1(bytes: Uint8Array): string {
  return chunked(bytes.length, (index) => bytes[index] ?? 0);
}

/** A text of code units, some at a time: the arguments of a call have a limit. */
function chunked(length: number, unit: (index: number) => number): string {
  const some = 4096;
  let text = '';
  for (let start = 0; start < length; start += some) {
    const units = Array.from({ length: Math.min(some, length - start) }, (_, index) => unit(start + index));
    text += String.fromCharCode(...units);
  }
  return text;
}
