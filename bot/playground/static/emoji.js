// Common :shortcodes: and what to offer when reacting. Unknown names stay as typed.

const TABLE = `
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|ok_hand 👌|wave 👋|clap 👏|raised_hands 🙌|pray 🙏|muscle 💪|eyes 👀
point_right 👉|point_left 👈|point_up ☝️|point_down 👇|raised_hand ✋|hand ✋|handshake 🤝|writing_hand ✍️|v ✌️
smile 😄|smiley 😃|grinning 😀|grin 😁|joy 😂|sweat_smile 😅|slightly_smiling_face 🙂|wink 😉|blush 😊|heart_eyes 😍
thinking_face 🤔|thinking 🤔|neutral_face 😐|confused 😕|disappointed 😞|cry 😢|sob 😭|angry 😠|rage 😡|scream 😱
sunglasses 😎|sleeping 😴|sweat 😓|face_with_rolling_eyes 🙄|shrug 🤷|facepalm 🤦|robot_face 🤖|ghost 👻|skull 💀
heart ❤️|broken_heart 💔|yellow_heart 💛|green_heart 💚|blue_heart 💙|fire 🔥|sparkles ✨|star ⭐|star2 🌟|boom 💥
100 💯|tada 🎉|confetti_ball 🎊|balloon 🎈|gift 🎁|trophy 🏆|medal 🏅|first_place_medal 🥇|crown 👑
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|negative_squared_cross_mark ❎|no_entry ⛔
no_entry_sign 🚫|stop_sign 🛑|octagonal_sign 🛑|warning ⚠️|exclamation ❗|question ❓|grey_question ❔|bangbang ‼️
information_source ℹ️|bulb 💡|mag 🔍|mag_right 🔎|lock 🔒|unlock 🔓|key 🔑|bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢
red_circle 🔴|large_red_circle 🔴|large_orange_circle 🟠|orange_circle 🟠|large_yellow_circle 🟡|yellow_circle 🟡
large_green_circle 🟢|green_circle 🟢|large_blue_circle 🔵|blue_circle 🔵|large_purple_circle 🟣|white_circle ⚪
black_circle ⚫|large_brown_circle 🟤|large_red_square 🟥|large_orange_square 🟧|large_yellow_square 🟨
large_green_square 🟩|large_blue_square 🟦|white_large_square ⬜|black_large_square ⬛|small_red_triangle 🔺
rocket 🚀|ship 🚢|anchor ⚓|sailboat ⛵|airplane ✈️|car 🚗|truck 🚚|package 📦|hammer 🔨|wrench 🔧|hammer_and_wrench 🛠️
gear ⚙️|nut_and_bolt 🔩|bug 🐛|beetle 🐞|microscope 🔬|test_tube 🧪|computer 💻|desktop_computer 🖥️|iphone 📱
floppy_disk 💾|file_folder 📁|open_file_folder 📂|page_facing_up 📄|clipboard 📋|memo 📝|pencil 📝|pencil2 ✏️
pushpin 📌|paperclip 📎|link 🔗|scissors ✂️|calendar 📅|date 📅|spiral_calendar_pad 🗓️|clock1 🕐|alarm_clock ⏰
stopwatch ⏱️|timer_clock ⏲️|hourglass ⌛|hourglass_flowing_sand ⏳|watch ⌚|chart_with_upwards_trend 📈
chart_with_downwards_trend 📉|bar_chart 📊|email 📧|envelope ✉️|inbox_tray 📥|outbox_tray 📤|speech_balloon 💬
thought_balloon 💭|zzz 💤|construction 🚧|rotating_light 🚨|traffic_light 🚦|vertical_traffic_light 🚦|checkered_flag 🏁
triangular_flag_on_post 🚩|ambulance 🚑|fire_engine 🚒|snowflake ❄️|sunny ☀️|cloud ☁️|umbrella ☔|zap ⚡|ocean 🌊
rainbow 🌈|palm_tree 🌴|seedling 🌱|evergreen_tree 🌲|herb 🌿|coffee ☕|tea 🍵|beer 🍺|beers 🍻|pizza 🍕|cake 🍰|cookie 🍪
house 🏠|house_with_garden 🏡|office 🏢|hospital 🏥|earth_africa 🌍|globe_with_meridians 🌐|moon 🌙|crescent_moon 🌙
arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|arrows_counterclockwise 🔄|rewind ⏪|fast_forward ⏩
leftwards_arrow_with_hook ↩️|repeat 🔁|twisted_rightwards_arrows 🔀|arrow_forward ▶️|double_vertical_bar ⏸️
heavy_plus_sign ➕|heavy_minus_sign ➖|heavy_multiplication_x ✖️|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣
cat 🐱|dog 🐶|bear 🐻|penguin 🐧|whale 🐳|octopus 🐙|crab 🦀|snake 🐍|dragon 🐉|unicorn_face 🦄|turtle 🐢|tortoise 🐢
man-shrugging 🤷‍♂️|woman-shrugging 🤷‍♀️|busts_in_silhouette 👥|bust_in_silhouette 👤|wastebasket 🗑️|shield 🛡️|compass 🧭
`;

const BY_NAME = new Map(
  TABLE.trim()
    .split(/[\n|]/)
    .map((entry) => {
      const gap = entry.indexOf(" ");
      return [entry.slice(0, gap), entry.slice(gap + 1).trim()];
    }),
);

const BY_CHARACTER = new Map(
  [...BY_NAME].reverse().map(([name, character]) => [character.replace("\uFE0F", ""), name]),
);

/** The shortcode name of a character, or null. */
export const emojiName = (character) => BY_CHARACTER.get(character.replace("\uFE0F", "")) ?? null;

/** Whether this computer has a font that draws emoji; without one, names read better than empty boxes. */
export const canDrawEmoji = (() => {
  const pen =
    typeof document === "undefined"
      ? null
      : document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!pen) return false;
  const drawn = (text) => {
    pen.clearRect(0, 0, 40, 40);
    pen.font = "24px sans-serif";
    pen.fillText(text, 2, 30);
    return pen.getImageData(0, 0, 40, 40).data.join();
  };
  return drawn("\u{1F680}") !== drawn("\u{10FFFF}") && drawn("\u{1F680}") !== drawn("\u{1F6FF}");
})();

/** The character for a shortcode without colons (skin tones ignored), or null. */
export const emoji = (name) => BY_NAME.get(name.replace(/::skin-tone-\d$/, "")) ?? null;

export const REACTIONS = [
  "+1",
  "eyes",
  "white_check_mark",
  "tada",
  "heart",
  "rocket",
  "thinking_face",
  "x",
  "joy",
  "pray",
  "warning",
  "wave",
];
