// Backup codes: copies and prints them. Without scripts they can be marked and written down.

const codes = document.querySelectorAll("#otp-codes code");
const copy = document.getElementById("otp-copy");

copy?.addEventListener("click", async () => {
  await navigator.clipboard.writeText([...codes].map((code) => code.textContent).join("\n"));
  copy.textContent = copy.dataset.done ?? "";
});
document.getElementById("otp-print")?.addEventListener("click", () => window.print());
if (navigator.clipboard === undefined) copy?.remove(); // browsers give it to https pages only
document.querySelector(".otp-tools")?.removeAttribute("hidden");

export {};
