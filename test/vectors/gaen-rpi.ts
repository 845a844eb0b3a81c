/**
 * Exposure Notification test vectors, version 1.2, as Google published them with its sample implementation:
 * github.com/google/exposure-notifications-internals (Apache-2.0), commit a0394e69,
 * app/src/androidTest/java/com/google/samples/exposurenotification/testing/TestVectors.java
 * (the day's first ten RPIs, two from its middle and its last two).
 */
export const GAEN_DAY = {
  tek: "75c734c6dd1a782de7a965da5eb93125",
  /** First interval: 2020-04-02T00:00:00Z. */
  intervalNumber: 2642976,
  intervalCount: 144,
  rpik: "185ad91db69ec7dd048960f1f3ba6175",
  /** Offset from the first interval to RPI. */
  rpis: {
    0: "8be6cd371c5c891604bfbe49df845096",
    1: "3c9a1de5dd6b02afa7fded7b570b3e56",
    2: "243ffe9a3b08bded3094bac8630bb8ad",
    3: "dfc3ed265e97d0eabb630e168b4214ed",
    4: "b3b85a69ebaec78db739852d1f34e0fa",
    5: "298abd6fdad29efbf0f85a63956cf188",
    6: "105e8221dd603d25b94aba0c3cc8dee1",
    7: "9888ca7e6738ec4bc6e420b20f878b3a",
    8: "8694a79ae99671be3f18aaf6b090657a",
    9: "b8cde28ad20d1cd2fdd7369dc0c6f7c8",
    99: "ef0a7579331853b9ebc250b4d6f3ebcc",
    100: "7fe9a90de00c9f0737d3b45fda651115",
    142: "a65ef7ba9752c4173ba48a33849c5e52",
    143: "f431b62ecf443102ce4ed0407de54bd4",
  },
} as const;
