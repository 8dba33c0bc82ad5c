// Signs the message of the page with the browser's wallet (EIP-1193, personal_sign). Copy and paste works without it.
(() => {
  "use strict";

  const form = document.querySelector("[data-wallet-form]");
  if (!form || !window.ethereum?.request) return;
  const panel = form.querySelector("[data-wallet-only]");
  const button = form.querySelector("[data-wallet-sign]");
  const told = form.querySelector("[data-wallet-error]");
  panel.hidden = false;

  const hex = (text) => "0x" + [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  button.addEventListener("click", async () => {
    told.textContent = "";
    button.disabled = true;
    try {
      const wanted = form.dataset.address;
      const accounts = await window.ethereum.request({ method: "eth_requestAccounts" });
      if (!accounts.some((account) => account.toLowerCase() === wanted.toLowerCase())) {
        told.textContent = "The wallet in this browser has another address open. Choose " + wanted + " in it and try again.";
        return;
      }
      const message = form.elements.message.value;
      form.elements.signature.value = await window.ethereum.request({
        method: "personal_sign",
        params: [hex(message), wanted],
      });
      form.requestSubmit();
    } catch (error) {
      told.textContent = error?.code === 4001 ? "The wallet did not sign. Nothing was changed." : "The wallet could not sign.";
    } finally {
      button.disabled = false;
    }
  });
})();
