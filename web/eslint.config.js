import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import reactRefresh from 'eslint-plugin-react-refresh';
import tseslint from 'typescript-eslint';
import { readdirSync } from 'node:fs';

/** The arrows: shared (api, ui, i18n) → features → app; a feature never imports another one. */
const ban = (message, ...regexes) => ({
  'no-restricted-imports': ['error', { patterns: regexes.map((regex) => ({ regex, message })) }],
});

const features = readdirSync(new URL('./src/features', import.meta.url));

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.gen.ts', 'test-results', 'playwright-report'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  reactHooks.configs.flat.recommended,
  {
    rules: {
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // The list virtualiser hands out functions by design; nothing here is memoised by a compiler.
      'react-hooks/incompatible-library': 'off',
    },
  },
  { files: ['src/**/*.tsx'], plugins: { 'react-refresh': reactRefresh } },
  {
    files: ['src/{api,ui,i18n}/**/*.{ts,tsx}'],
    rules: ban('Shared code knows no feature and no app.', '^@/(features|app)(/|$)', '/(features|app)/'),
  },
  { files: ['src/api/**/*.ts'], rules: ban('The API layer draws nothing.', '^@/(features|app|ui)(/|$)') },
  ...features.map((name) => ({
    files: [`src/features/${name}/**/*.{ts,tsx}`],
    rules: ban('A feature imports shared code and itself only.', '^@/app(/|$)', '^@/features(/|$)', '^\\.\\./\\.\\./', '^\\.\\./(?!\\.)'),
  })),
  { files: ['mock/**', 'e2e/**', 'public/**', '*.{ts,js}'], languageOptions: { globals: { localStorage: 'readonly', matchMedia: 'readonly', document: 'readonly', URL: 'readonly', process: 'readonly' } } },
);
