// SPDX-License-Identifier: GPL-2.0-or-later
// The page around the panels: elements, sections, tooltip, theme, help.
function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes ?? {})) {
        if (key.startsWith('on'))
            made.addEventListener(key.slice(2), value);
        else if (value === true)
            made.setAttribute(key, '');
        else if (value !== false && value !== null && value !== undefined)
            made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
}

// A panel with its entry in the navigation.
function addSection(id, title, lead, from) {
    const section = element('section', { id, 'aria-labelledby': `${id}-title` },
        element('div', { class: 'title' }, element('h2', { id: `${id}-title` }, title),
            from ? element('span', { class: 'from' }, visible(from)) : null),
        lead ? element('p', { class: 'lead' }, lead) : null);
    document.getElementById('panels').append(section);
    document.getElementById('nav').append(element('a', { href: `#${id}` }, title));
    return section;
}

// ---- tooltip: the first line is its title
const tip = {
    box: document.getElementById('tip'),
    show(text, x, y) {
        this.box.textContent = text;
        this.box.hidden = false;
        const width = this.box.offsetWidth, height = this.box.offsetHeight;
        this.box.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 8))}px`;
        this.box.style.top = `${y + 18 + height > innerHeight ? Math.max(4, y - height - 12) : y + 18}px`;
    },
    hide() {
        this.box.hidden = true;
    },
};

// ---- theme: the system's, until one is chosen; paper is light
const theme = {
    chosen: null,
    dark: matchMedia('(prefers-color-scheme: dark)'),
    print: matchMedia('print'),
    listeners: [],
    get name() {
        return this.print.matches || this.printing ? 'light'
            : this.chosen ?? (this.dark.matches ? 'dark' : 'light');
    },
    apply() {
        const name = this.name, button = document.getElementById('theme');
        document.documentElement.dataset.theme = name;
        button.textContent = name === 'dark' ? 'Light' : 'Dark';
        button.setAttribute('aria-label', name === 'dark' ? 'Light colours' : 'Dark colours');
        this.listeners.forEach((listener) => listener());
    },
    start() {
        this.dark.addEventListener('change', () => this.apply());
        this.print.addEventListener('change', () => this.apply());
        addEventListener('beforeprint', () => { this.printing = true; this.apply(); });
        addEventListener('afterprint', () => { this.printing = false; this.apply(); });
        document.getElementById('theme').addEventListener('click', () => {
            this.chosen = this.name === 'dark' ? 'light' : 'dark';
            this.apply();
        });
        this.apply();
    },
};

// ---- help
const keyHelp = [['Everywhere', [
    ['?', 'this help'],
    ['/', 'search in the panel that is in view'],
    ['Tab', 'on to the next panel, button or table; the graph that has the focus takes the keys below'],
]]];

function showHelp() {
    const dialog = document.getElementById('keys');
    dialog.replaceChildren(element('div', { class: 'title' }, element('h2', {}, 'Keys'),
        element('button', { onclick: () => dialog.close() }, 'Close')), ...keyHelp.flatMap(([title, keys]) => [
        element('h3', {}, title),
        element('dl', {}, ...keys.flatMap(([names, what]) => [
            element('dt', {}, ...names.split(' ').flatMap((name) => [element('kbd', {}, name), ' '])),
            element('dd', {}, what)])),
    ]));
    dialog.showModal();
}

// The search box of the panel that has the focus, or else is the first in view.
function searchInView() {
    const boxes = [...document.querySelectorAll('main input[type="search"]')];
    const own = document.activeElement?.closest('section')?.querySelector('input[type="search"]');
    return own ?? boxes.find((box) => box.closest('section').getBoundingClientRect().bottom > 120);
}

function startHelp() {
    document.getElementById('help').addEventListener('click', showHelp);
    addEventListener('keydown', (event) => {
        const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '');
        if (typing || event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]'))
            return;
        if (event.key === '?') {
            showHelp();
        } else if (event.key === '/') {
            searchInView()?.focus();
        } else {
            return;
        }
        event.preventDefault();
    });
}
