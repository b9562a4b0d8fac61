// Types of what Vite imports.
/// <reference types="vite/client" />
/// <reference types="svelte" />
