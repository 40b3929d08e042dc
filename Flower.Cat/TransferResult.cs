// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Cat;

/// <summary>How a transfer has ended.</summary>
/// <param name="End">Why.</param>
/// <param name="Errno">The error number behind it; 0: none.</param>
internal readonly record struct TransferResult(TransferEnd End, int Errno);
