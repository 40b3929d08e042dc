// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.Faults;

/// <summary>One step of a call: who does it, and what.</summary>
internal sealed record Step(string Party, Action<Scene> Run);
