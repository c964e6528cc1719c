/* How pages change in place: htmx's morph, within the page's policy of content.

   Only htmx may make elements of text, by the one policy of trusted types that the
   header names; the text comes from this server alone, whose templates escape. htmx can
   also run scripts in attributes, which no template has: that is switched off.

   What the reader did to the page stays: what is open stays open. */
(() => {
  const policy = window.trustedTypes?.createPolicy("geartrain", {
    createHTML: (text) => text,
  }) ?? { createHTML: (text) => text };

  function refuse() {
    throw new Error("no page has scripts in attributes");
  }

  htmx.registerExtension("geartrain", {
    init(api) {
      const scripts = { ...policy, createScript: refuse };
      scripts.createHTML = (text) => policy.createHTML(text);
      api.initSecurity(scripts, refuse, refuse);
    },
    htmx_before_morph_attr(element, detail) {
      const isOpen = detail.attrName === "open" && element.matches("details, dialog");
      return !isOpen;
    },
  });

  /* Put new content into an element, keeping what did not change. */
  window.geartrainMorph = (element, text) =>
    htmx.swap({ text, target: element, sourceElement: element, swap: "innerMorph" });
})();
