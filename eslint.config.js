/** Lint: what the compiler does not see. Layering is `tools/layers`; formatting is nobody's argument. */
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/dist/**', 'node_modules/**', 'data/**', 'test-results/**'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-control-regex': 'off',
      'no-restricted-globals': ['error', { name: 'require', message: 'ESM only.' }],
      'no-restricted-imports': ['error', { paths: [{ name: 'tsyringe', importNames: ['container'], message: 'Only kernel/src/scope/scope.ts may touch a container.' }] }],
    },
  },
  { files: ['core/kernel/src/scope/scope.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['core/kernel/src/plugin/*.ts', 'core/contracts/src/dav-feature.ts', 'core/contracts/src/write-step.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } },
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly', setTimeout: 'readonly', fetch: 'readonly' } } },
);
