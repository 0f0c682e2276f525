import '@testing-library/jest-dom/vitest';
import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

afterEach(() => {
  cleanup();
  localStorage.clear();
});

// happy-dom has no fonts to load; the kit's growing text field listens to them.
Object.defineProperty(document, 'fonts', { value: new EventTarget(), configurable: true });
