// What each view shows: questions by name, and how their columns are drawn. No rule of counting is here.

const ANSWERS = [
  { name: "succeeded", label: "2xx", colour: "--chart-1", kind: "bars", unit: "count" },
  { name: "redirected", label: "3xx", colour: "--chart-2", kind: "bars", unit: "count" },
  { name: "client_errors", label: "4xx", colour: "--chart-3", kind: "bars", unit: "count" },
  { name: "server_errors", label: "5xx", colour: "--chart-4", kind: "bars", unit: "count" },
];
const ERRORS = ANSWERS.slice(2);
const PERCENTILES = [
  { name: "p50_ms", label: "p50", colour: "--chart-1", kind: "area", unit: "ms" },
  { name: "p95_ms", label: "p95", colour: "--chart-5", kind: "line", unit: "ms" },
  { name: "p99_ms", label: "p99", colour: "--chart-6", kind: "line", unit: "ms" },
];
const BEFORE = { name: "requests", label: "Period before", colour: "--before", unit: "count" };

const TILES = {
  question: "overview",
  tiles: [
    { name: "requests", label: "Requests", better: "" },
    { name: "page_views", label: "Page views", better: "more" },
    { name: "visitors_per_day", label: "Visitors a day", better: "more", otherwise: { name: "visitors", label: "Visitors" } },
    { name: "error_percent", label: "Server errors", better: "less" },
    { name: "hit_percent", label: "Cache hits", better: "more" },
    { name: "p95_ms", label: "Latency, p95", better: "less" },
    { name: "bytes_sent", label: "Sent to viewers", better: "" },
    { name: "bot_requests", label: "By bots and tools", better: "" },
  ],
  courses: [
    {
      question: "over_time",
      series: [
        { name: "requests" },
        { name: "page_views" },
        { name: "hit_percent" },
        { name: "bytes_sent" },
        { name: "bots", as: "bot_requests" },
        { name: "server_errors", as: "error_percent" },
      ],
    },
    { question: "latency_over_time", series: [{ name: "p95_ms" }] },
  ],
};
const REQUESTS = {
  question: "over_time",
  title: "Requests",
  note: "By the class of the answer.",
  unit: "count",
  stacked: true,
  series: ANSWERS,
  compare: true,
  against: BEFORE,
};
const LATENCY = {
  question: "latency_over_time",
  title: "Latency",
  note: "From a request's arrival to its last byte.",
  unit: "ms",
  series: PERCENTILES,
};
const HITS = {
  question: "over_time",
  title: "Cache hits",
  note: "Of the answers that the cache could have had.",
  unit: "percent",
  series: [{ name: "hit_percent", label: "Hits", colour: "--chart-1", kind: "area", unit: "percent" }],
  compare: true,
  against: { name: "hit_percent", label: "Period before", colour: "--before", unit: "percent" },
};

const few = (question, columns, more = {}) => ({
  question,
  columns,
  size: "third",
  values: { top: 8 },
  note: "",
  ...more,
});
const list = (question, more = {}) => ({ question, compare: true, ...more });
const half = (question, more = {}) => list(question, { size: "half", ...more });

export const VIEWS = {
  overview: {
    title: "Overview",
    panels: [
      TILES,
      REQUESTS,
      { ...LATENCY, size: "half" },
      { ...HITS, size: "half" },
      few("top_pages", ["page", "page_views"]),
      few("referrers", ["referrer", "page_views"]),
      few("countries", ["country", "page_views"]),
      few("errors_by_path", ["path", "status", "requests"], { empty: "No errors in this period." }),
      few("devices", ["device", "page_views"]),
      few("bots", ["bot_reason", "requests"], { title: "Bots and tools" }),
    ],
  },
  live: { title: "Live", live: true, panels: [] },
  pages: {
    title: "Pages",
    panels: [
      {
        question: "over_time",
        title: "Page views",
        note: "Pages that people asked for.",
        unit: "count",
        compare: true,
        series: [{ name: "page_views", label: "Page views", colour: "--chart-1", kind: "bars", unit: "count" }],
        against: { name: "page_views", label: "Period before", colour: "--before", unit: "count" },
      },
      list("top_pages", { values: { top: 50 } }),
      half("entry_pages"),
      half("exit_pages"),
      half("hosts"),
      half("latency_by_path", { title: "Latency of the busiest paths" }),
    ],
  },
  sources: {
    title: "Sources",
    panels: [
      list("referrers", { values: { top: 50 } }),
      list("campaigns", { values: { top: 50 }, empty: "No address with utm tags in this period." }),
    ],
  },
  visitors: {
    title: "Visitors",
    panels: [
      list("visitors", { compare: false, title: "Visitors by day", size: "half" }),
      half("visits", { compare: false }),
      half("suspects", {
        size: "",
        columns: ["user_agent", "reason", "country", "day", "requests", "pages", "assets", "probes"],
        compare: false,
        empty: "Nobody who behaves like a bot in this period.",
      }),
    ],
  },
  devices: {
    title: "Devices",
    panels: [half("devices"), half("browsers"), half("systems"), half("user_agents", { values: { top: 30 } })],
  },
  countries: {
    title: "Countries",
    panels: [half("countries", { values: { top: 60 } }), half("latency_by_country", { values: { top: 60 } })],
  },
  errors: {
    title: "Errors",
    panels: [
      { ...REQUESTS, title: "Errors", note: "Answers of 400 and more.", series: ERRORS, against: null },
      list("errors_by_path", { values: { top: 100 }, empty: "No errors in this period." }),
    ],
  },
  latency: {
    title: "Latency",
    panels: [
      LATENCY,
      half("latency_by_path", { values: { top: 50 } }),
      half("latency_by_location"),
      half("latency_by_country"),
      list("cache_results"),
    ],
  },
  versions: {
    title: "Versions",
    panels: [
      list("versions", {
        sides: true,
        compare: false,
        note: "The versions that were seen last. A request without a release counts for the version of the function that ran.",
      }),
    ],
  },
  edge: {
    title: "Edge functions",
    panels: [
      list("functions", { compare: false, empty: "No records of functions in this period." }),
      list("environments", { compare: false, empty: "No records of functions in this period." }),
      {
        question: "shipper_over_time",
        title: "Records delivered",
        note: "What environments delivered and gave up.",
        unit: "count",
        stacked: true,
        series: [
          { name: "sent", label: "Delivered", colour: "--chart-1", kind: "bars", unit: "count" },
          { name: "dropped", label: "Given up", colour: "--chart-4", kind: "bars", unit: "count" },
        ],
        empty: "No records of deliveries in this period.",
      },
      list("shipper", { compare: false, empty: "No records of deliveries in this period." }),
    ],
  },
  bots: {
    title: "Bots",
    panels: [
      {
        question: "over_time",
        title: "Requests of bots and tools",
        note: "With what sent no user agent. They are in no count of page views, visitors or visits.",
        unit: "count",
        compare: true,
        series: [{ name: "bots", label: "Bots and tools", colour: "--chart-7", kind: "bars", unit: "count" }],
        against: { name: "bots", label: "Period before", colour: "--before", unit: "count" },
      },
      list("bots", {
        values: { top: 1000 },
        columns: ["bot_reason", "agent", "requests", "pages", "user_agents", "client_errors", "bytes_sent", "percent"],
      }),
      list("bot_agents", { values: { top: 100 } }),
    ],
  },
};
