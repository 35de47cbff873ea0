/// The page's style, for light and dark screens.
enum PageStyle {
    static let text = """
        :root { color-scheme: light dark; --ground: #fcfcfb; --ink: #0b0b0b; --soft: #52514e; --faint: #e1e0d9;
          --s0: #2a78d6; --s1: #1baf7a; --s2: #eda100; --s3: #4a3aa7; --s4: #e34948; }
        @media (prefers-color-scheme: dark) { :root { --ground: #1a1a19; --ink: #ffffff; --soft: #c3c2b7; --faint: #2c2c2a;
          --s0: #3987e5; --s1: #199e70; --s2: #c98500; --s3: #9085e9; --s4: #e66767; } }
        body { background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; max-width: 820px;
          margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
        .lead, figcaption, dt, .tiles span, td, .legend { color: var(--soft); }
        .warning { border-left: 4px solid var(--s4); padding: .4rem .8rem; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(100px, 1fr)); gap: 1rem; margin: 1.5rem 0; }
        .tiles span { display: block; font-size: .8rem; } .tiles b { font-size: 1.35rem; font-weight: 600; }
        figure { margin: 2rem 0; } figcaption { font-weight: 600; color: var(--ink); }
        svg { width: 100%; height: auto; display: block; }
        .grid { stroke: var(--faint); } .tick { fill: var(--soft); font-size: 11px; }
        polyline { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
        circle { fill: transparent; } circle:hover { fill: currentColor; fill-opacity: .35; }
        .s0 { color: var(--s0); } .s1 { color: var(--s1); } .s2 { color: var(--s2); } .s3 { color: var(--s3); }
        .s4 { color: var(--s4); }
        .legend { margin: .2rem 0; font-size: .85rem; } .legend span { margin-right: 1.2rem; color: var(--soft); }
        .legend i { display: inline-block; width: 14px; height: 3px; margin-right: .4rem; vertical-align: middle; }
        .legend .s0 i { background: var(--s0); } .legend .s1 i { background: var(--s1); }
        .legend .s2 i { background: var(--s2); } .legend .s3 i { background: var(--s3); }
        .legend .s4 i { background: var(--s4); }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .8rem; width: 100%; }
        th, td { text-align: right; padding: .25rem .3rem; border-bottom: 1px solid var(--faint); white-space: nowrap; }
        th:first-child { text-align: left; } td { font-variant-numeric: tabular-nums; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
        dd { margin: 0; overflow-wrap: anywhere; }
        """
}
