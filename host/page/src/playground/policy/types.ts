// Types of the component model, as far as wit/policy.wit has them, and how values lie in memory.

export type Type =
  | { readonly kind: 'bool' | 'u8' | 'u16' | 'u32' | 'u64' | 'string' }
  | { readonly kind: 'list'; readonly of: Type }
  | { readonly kind: 'option'; readonly of: Type }
  | { readonly kind: 'tuple'; readonly of: readonly Type[] }
  | { readonly kind: 'record'; readonly members: readonly Member[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'variant'; readonly cases: readonly Case[] };

/** A member of a record: its name in the contract, in JavaScript, and its type. */
export type Member = { readonly name: string; readonly key: string; readonly type: Type };
/** A case of a variant; some hold nothing. */
export type Case = { readonly name: string; readonly type: Type | null };

export const bool: Type = { kind: 'bool' };
export const u8: Type = { kind: 'u8' };
export const u16: Type = { kind: 'u16' };
export const u32: Type = { kind: 'u32' };
export const u64: Type = { kind: 'u64' };
export const string: Type = { kind: 'string' };

export const list = (of: Type): Type => ({ kind: 'list', of });
export const option = (of: Type): Type => ({ kind: 'option', of });
export const tuple = (...of: Type[]): Type => ({ kind: 'tuple', of });
export const enumeration = (...names: string[]): Type => ({ kind: 'enum', names });

export const record = (members: { readonly [name: string]: Type }): Type => ({
  kind: 'record',
  members: Object.entries(members).map(([name, type]) => ({ name, key: camelCase(name), type })),
});

export const variant = (cases: { readonly [name: string]: Type | null }): Type => ({
  kind: 'variant',
  cases: Object.entries(cases).map(([name, type]) => ({ name, type })),
});

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Bytes that a value takes where it lies, and of what its address is a multiple. */
export type Layout = { readonly size: number; readonly align: number };

const layouts = new WeakMap<Type, Layout>();

export function layout(type: Type): Layout {
  let known = layouts.get(type);
  if (!known) {
    known = computed(type);
    layouts.set(type, known);
  }
  return known;
}

function computed(type: Type): Layout {
  switch (type.kind) {
    case 'bool':
    case 'u8':
      return { size: 1, align: 1 };
    case 'u16':
      return { size: 2, align: 2 };
    case 'u32':
      return { size: 4, align: 4 };
    case 'u64':
      return { size: 8, align: 8 };
    case 'string':
    case 'list':
      return { size: 8, align: 4 };
    case 'record':
      return sequence(type.members.map((member) => member.type)).layout;
    case 'tuple':
      return sequence(type.of).layout;
    case 'enum':
      return { size: discriminant(type.names.length), align: discriminant(type.names.length) };
    case 'option':
      return alternatives([null, type.of]).layout;
    case 'variant':
      return alternatives(type.cases.map((one) => one.type)).layout;
  }
}

/** Values one after the other, and where each begins. */
export function sequence(types: readonly Type[]): { layout: Layout; offsets: number[] } {
  let size = 0;
  let align = 1;
  const offsets = types.map((type) => {
    const one = layout(type);
    const offset = aligned(size, one.align);
    size = offset + one.size;
    align = Math.max(align, one.align);
    return offset;
  });
  return { layout: { size: aligned(size, align), align }, offsets };
}

/** One of several values, behind a number that says which; `payload` is where it begins. */
export function alternatives(types: readonly (Type | null)[]): { layout: Layout; tag: number; payload: number } {
  const tag = discriminant(types.length);
  const held = types.map((type) => (type ? layout(type) : { size: 0, align: 1 }));
  const align = Math.max(tag, ...held.map((one) => one.align));
  const payload = aligned(tag, Math.max(...held.map((one) => one.align)));
  const size = aligned(payload + Math.max(...held.map((one) => one.size)), align);
  return { layout: { size, align }, tag, payload };
}

/** Bytes of the number that tells so many cases apart. */
function discriminant(cases: number): 1 | 2 | 4 {
  return cases <= 0x100 ? 1 : cases <= 0x1_0000 ? 2 : 4;
}

export function aligned(offset: number, align: number): number {
  return Math.ceil(offset / align) * align;
}
