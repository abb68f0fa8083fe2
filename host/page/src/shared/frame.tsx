// The frame of a page: who it is, where one is, and the view.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { addressOf } from './route';
import './frame.css';

export interface FrameProps<View extends string> {
  /** What the page is. */
  product: string;
  /** How that stands which it shows. */
  standing: ComponentChildren;
  /** The views by their names, in their order. */
  names: Readonly<Partial<Record<View, string>>>;
  view: View;
  footer: ComponentChildren;
  children: ComponentChildren;
}

export function Frame<View extends string>({ product, standing, names, view, footer, children }: FrameProps<View>) {
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
      <header class="top">
        <div class="who">
          <p class="product">{product}</p>
          {standing}
        </div>
        <nav class="views" aria-label="Views">
          <ul class="plain">
            {Object.entries<string | undefined>(names).map(([known, name]) => (
              <li key={known}><a href={addressOf(known)} aria-current={view === known ? 'page' : undefined}>{name}</a></li>
            ))}
          </ul>
        </nav>
      </header>
      {children}
      <footer class="remark">{footer} <a href="licences.txt">Licences</a></footer>
    </>
  );
}

export interface MainProps {
  product: string;
  /** Of the view. */
  name: string;
  /** The policy; empty if it is not known yet. */
  policy: string;
  /** Whether a place in the view is gone to, so that its heading does not take the focus. */
  goesOn: boolean;
  children: ComponentChildren;
}

export function Main({ product, name, policy, goesOn, children }: MainProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${name} – ${policy === '' ? '' : `${policy} – `}${product}`;
  }, [name, policy]);
  // Whoever uses no mouse goes on from the new view.
  useEffect(() => {
    if (!first.current && !goesOn) heading.current?.focus();
    first.current = false;
  }, [name]);
  return (
    <main id="main" class="stack">
      <h1 ref={heading} tabIndex={-1}>{name}</h1>
      {children}
    </main>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('h1')?.focus();
}
