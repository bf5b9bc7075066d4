/** What is around the contents of every page; used by the front. */
import { iconPath, scriptPath, stylePath } from './assets.js';
import { type Html, html } from './html.js';

export function documentOf(title: string, contents: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title} · pamhook</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="${iconPath}" type="image/svg+xml">
<link rel="stylesheet" href="${stylePath}">
<script src="${scriptPath}" type="module"></script>
</head>
<body>
<header class="top"><img src="${iconPath}" alt="" width="28" height="28"><span>pamhook</span></header>
<main>
${contents}
</main>
</body>
</html>
`.markup;
}
