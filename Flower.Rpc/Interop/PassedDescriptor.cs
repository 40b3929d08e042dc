// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>A descriptor that a program gets when it begins.</summary>
/// <param name="Descriptor">
/// Borrowed until the program was started. One that the program will share must be blocking.
/// </param>
/// <param name="Number">Its number there, 0 or more; two descriptors of one program must not have the same.</param>
public readonly record struct PassedDescriptor(SafeHandle Descriptor, int Number);
