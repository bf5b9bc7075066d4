/** Findings on kubecfg-template: that people would get a kubeconfig that works, and nothing secret in it. */
import { readTemplate } from '../../privsep/template-file.js';
import { examine, type Finding, type Setup } from './finding.js';

/** None where there is no template. */
export async function kubecfgFindings({ settings }: Pick<Setup, 'settings'>): Promise<readonly Finding[]> {
  const { kubecfgTemplate: path, publicUrl } = settings;
  if (path === undefined) return [];
  const template = await examine('kubecfg-template', (log) => readTemplate(path, publicUrl, log), {
    fine: () => `${path}: people get it with a token of theirs`,
    cure: 'see GET /kubecfg in docs/http.md',
  });
  return template.findings;
}
