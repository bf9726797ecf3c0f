"""What CuPy has: every public name, and what its functions and methods take.

Read from the source of CuPy 15.0.0a1 (cupy/__init__.py, the modules that it imports from, cupy/_core/core.pyx and
cupy/linalg/__init__.py; MIT licence, Preferred Networks, Inc.).  `mT` is left out: CuPy 13 has none.
"""


def signatures(lines: str) -> dict[str, list[str]]:
    """The names of the parameters by function, from lines of the form `name(first second *rest)`."""
    pairs = (line.rstrip(")").split("(", 1) for line in lines.split("\n") if line)
    return {name: parameters.split() for name, parameters in pairs}


UFUNCS = [
    "abs",
    "absolute",
    "acos",
    "acosh",
    "add",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_count",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "cbrt",
    "ceil",
    "conj",
    "conjugate",
    "copysign",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "divide",
    "divmod",
    "equal",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "fix",
    "float_power",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frexp",
    "gcd",
    "greater",
    "greater_equal",
    "heaviside",
    "hypot",
    "i0",
    "invert",
    "isfinite",
    "isinf",
    "isnan",
    "lcm",
    "ldexp",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "matmul",
    "maximum",
    "minimum",
    "mod",
    "modf",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "power",
    "rad2deg",
    "radians",
    "reciprocal",
    "remainder",
    "right_shift",
    "rint",
    "sign",
    "signbit",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
]

OTHER_NAMES = [
    "AxisError",
    "ComplexWarning",
    "DataSource",
    "ElementwiseKernel",
    "Inf",
    "Infinity",
    "ModuleDeprecationWarning",
    "NAN",
    "NINF",
    "NZERO",
    "NaN",
    "PINF",
    "PZERO",
    "RankWarning",
    "RawKernel",
    "RawModule",
    "ReductionKernel",
    "TooHardError",
    "VisibleDeprecationWarning",
    "bool",
    "bool_",
    "broadcast",
    "broadcast_shapes",
    "byte",
    "c_",
    "cdouble",
    "cfloat",
    "complex128",
    "complex64",
    "complex_",
    "complexfloating",
    "csingle",
    "cuda",
    "disable_experimental_feature_warning",
    "disp",
    "double",
    "dtype",
    "e",
    "euler_gamma",
    "exceptions",
    "fft",
    "find_common_type",
    "finfo",
    "flatiter",
    "float16",
    "float32",
    "float64",
    "float_",
    "floating",
    "format_parser",
    "fuse",
    "generic",
    "get_array_wrap",
    "get_printoptions",
    "half",
    "iinfo",
    "index_exp",
    "inexact",
    "inf",
    "infty",
    "int16",
    "int32",
    "int64",
    "int8",
    "int_",
    "intc",
    "integer",
    "intp",
    "isdtype",
    "issubdtype",
    "iterable",
    "linalg",
    "long",
    "longlong",
    "mgrid",
    "mintypecode",
    "nan",
    "ndarray",
    "ndindex",
    "newaxis",
    "number",
    "ogrid",
    "pi",
    "poly1d",
    "polynomial",
    "printoptions",
    "promote_types",
    "r_",
    "random",
    "s_",
    "safe_eval",
    "set_printoptions",
    "set_string_function",
    "short",
    "signedinteger",
    "single",
    "singlecomplex",
    "testing",
    "typename",
    "ubyte",
    "ufunc",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uintc",
    "uintp",
    "ulong",
    "ulonglong",
    "unsignedinteger",
    "ushort",
    "vectorize",
]

ATTRIBUTES = [
    "T",
    "base",
    "cstruct",
    "data",
    "device",
    "dtype",
    "flags",
    "flat",
    "imag",
    "itemsize",
    "nbytes",
    "ndim",
    "real",
    "shape",
    "size",
    "strides",
]

FUNCTIONS = signatures(
    """
all(a axis out keepdims)
allclose(a b rtol atol equal_nan)
alltrue(a axis out keepdims)
amax(a axis out keepdims)
amin(a axis out keepdims)
angle(z deg)
any(a axis out keepdims)
append(arr values axis)
apply_along_axis(func1d axis arr *args **kwargs)
apply_over_axes(func a axes)
arange(start stop step dtype)
argmax(a axis dtype out keepdims)
argmin(a axis dtype out keepdims)
argpartition(a kth axis)
argsort(a axis kind)
argwhere(a)
around(a decimals out)
array(obj dtype copy order subok ndmin * blocking)
array2string(a *args **kwargs)
array_equal(a1 a2 equal_nan)
array_equiv(a1 a2)
array_repr(arr max_line_width precision suppress_small)
array_split(ary indices_or_sections axis)
array_str(arr max_line_width precision suppress_small)
asanyarray(a dtype order * copy blocking)
asarray(a dtype order * copy blocking)
asarray_chkfinite(a dtype order)
ascontiguousarray(a dtype)
asfarray(a dtype)
asfortranarray(a dtype)
asnumpy(a stream order out * blocking)
astype(x dtype * copy)
atleast_1d(*arys)
atleast_2d(*arys)
atleast_3d(*arys)
average(a axis weights returned * keepdims)
bartlett(M)
base_repr(number base padding)
binary_repr(num width)
bincount(x weights minlength)
blackman(M)
broadcast_arrays(*args)
broadcast_to(array shape)
byte_bounds(a)
can_cast(from_ to casting)
choose(a choices out mode)
clear_memo()
clip(a a_min a_max out)
column_stack(tup)
common_type(*arrays)
compress(condition a axis out)
concat(tup axis out * dtype casting)
concatenate(tup axis out * dtype casting)
convolve(a v mode)
copy(a order)
copyto(dst src casting where)
corrcoef(a y rowvar bias ddof * dtype)
correlate(a v mode)
count_nonzero(a axis)
cov(a y rowvar bias ddof fweights aweights * dtype)
cross(a b axisa axisb axisc axis)
cumprod(a axis dtype out)
cumproduct(a axis dtype out)
cumsum(a axis dtype out)
cumulative_prod(x * axis dtype out include_initial)
cumulative_sum(x * axis dtype out include_initial)
delete(arr indices axis)
diag(v k)
diag_indices(n ndim)
diag_indices_from(arr)
diagflat(v k)
diagonal(a offset axis1 axis2)
diff(a n axis prepend append)
digitize(x bins right)
dot(a b out)
dsplit(ary indices_or_sections)
dstack(tup)
ediff1d(arr to_end to_begin)
einsum(*operands **kwargs)
empty(shape dtype order)
empty_like(prototype dtype order subok shape)
expand_dims(a axis)
extract(condition a)
eye(N M k dtype order)
fill_diagonal(a val wrap)
flatnonzero(a)
flip(a axis)
fliplr(a)
flipud(a)
format_float_positional(x *args **kwargs)
format_float_scientific(x *args **kwargs)
fromDlpack(dltensor)
from_dlpack(array * device copy)
frombuffer(*args **kwargs)
fromfile(*args **kwargs)
fromfunction(*args **kwargs)
fromiter(*args **kwargs)
fromstring(*args **kwargs)
full(shape fill_value dtype order)
full_like(a fill_value dtype order subok shape)
genfromtxt(*args **kwargs)
get_array_module(*args)
get_default_memory_pool()
get_default_pinned_memory_pool()
gradient(f *varargs axis edge_order)
hamming(M)
hanning(M)
histogram(x bins range density weights)
histogram2d(x y bins range weights density)
histogramdd(sample bins range weights density)
hsplit(ary indices_or_sections)
hstack(tup * dtype casting)
identity(n dtype)
imag(val)
in1d(ar1 ar2 assume_unique invert)
indices(dimensions dtype)
inner(a b)
interp(x xp fp left right period)
intersect1d(arr1 arr2 assume_unique return_indices)
is_available()
isclose(a b rtol atol equal_nan)
iscomplex(x)
iscomplexobj(x)
isfortran(a)
isin(element test_elements assume_unique invert)
isneginf(x out)
isposinf(x out)
isreal(x)
isrealobj(x)
isscalar(element)
issctype(rep)
issubclass_(arg1 arg2)
issubsctype(arg1 arg2)
ix_(*args)
kaiser(M beta)
kron(a b)
lexsort(keys)
linspace(start stop num endpoint retstep dtype axis)
load(file mmap_mode allow_pickle)
loadtxt(*args **kwargs)
logspace(start stop num endpoint base dtype axis)
make_aligned_dtype(dtype * alignment recurse)
mask_indices(n mask_func k)
matrix_transpose(x)
max(a axis out keepdims)
may_share_memory(a b max_work)
mean(a axis dtype out keepdims)
median(a axis out overwrite_input keepdims)
memoize(for_each_device)
meshgrid(*xi **kwargs)
min(a axis out keepdims)
min_scalar_type(a)
moveaxis(a source destination)
msort(a)
nan_to_num(x copy nan posinf neginf)
nanargmax(a axis dtype out keepdims)
nanargmin(a axis dtype out keepdims)
nancumprod(a axis dtype out)
nancumsum(a axis dtype out)
nanmax(a axis out keepdims)
nanmean(a axis dtype out keepdims)
nanmedian(a axis out overwrite_input keepdims)
nanmin(a axis out keepdims)
nanprod(a axis dtype out keepdims)
nanstd(a axis dtype out ddof keepdims)
nansum(a axis dtype out keepdims)
nanvar(a axis dtype out ddof keepdims)
ndim(a)
nonzero(a)
obj2sctype(rep default)
ones(shape dtype order)
ones_like(a dtype order subok shape)
outer(a b out)
packbits(a axis bitorder)
pad(array pad_width mode **kwargs)
partition(a kth axis)
percentile(a q axis out overwrite_input method keepdims * interpolation)
permute_dims(a axes)
piecewise(x condlist funclist)
place(arr mask vals)
poly(seq_of_zeros)
polyadd(a1 a2)
polyfit(x y deg rcond full w cov)
polymul(a1 a2)
polysub(a1 a2)
polyval(p x)
prod(a axis dtype out keepdims)
product(a axis dtype out keepdims)
ptp(a axis out keepdims)
put(a ind v mode)
put_along_axis(arr indices values axis)
putmask(a mask values)
quantile(a q axis out overwrite_input method keepdims * interpolation)
ravel(a order)
ravel_multi_index(multi_index dims mode order)
real(val)
real_if_close(a tol)
repeat(a repeats axis)
require(a dtype requirements)
reshape(a newshape order * copy)
resize(a new_shape)
result_type(*arrays_and_dtypes)
roll(a shift axis)
rollaxis(a axis start)
roots(p)
rot90(a k axes)
round(a decimals out)
round_(a decimals out)
row_stack(tup * dtype casting)
save(file arr allow_pickle)
savetxt(fname X *args **kwargs)
savez(file *args **kwds)
savez_compressed(file *args **kwds)
sctype2char(sctype)
searchsorted(a v side sorter)
select(condlist choicelist default)
setdiff1d(ar1 ar2 assume_unique)
setxor1d(ar1 ar2 assume_unique)
shape(a)
shares_memory(a b max_work)
show_config(* _full)
size(a axis)
sometrue(a axis out keepdims)
sort(a axis kind)
sort_complex(a)
split(ary indices_or_sections axis)
squeeze(a axis)
stack(tup axis out * dtype casting)
std(a axis dtype out ddof keepdims)
sum(a axis dtype out keepdims)
swapaxes(a axis1 axis2)
take(a indices axis out)
take_along_axis(a indices axis)
tensordot(a b axes)
tile(A reps)
trace(a offset axis1 axis2 dtype out)
transpose(a axes)
trapezoid(y x dx axis)
trapz(y x dx axis)
tri(N M k dtype)
tril(m k)
tril_indices(n k m)
tril_indices_from(arr k)
trim_zeros(filt trim)
triu(m k)
triu_indices(n k m)
triu_indices_from(arr k)
union1d(arr1 arr2)
unique(ar return_index return_inverse return_counts axis * equal_nan)
unique_all(x)
unique_counts(x)
unique_inverse(x)
unique_values(x)
unpackbits(a axis bitorder)
unravel_index(indices dims order)
unwrap(p discont axis * period)
vander(x N increasing)
var(a axis dtype out ddof keepdims)
vdot(a b)
vsplit(ary indices_or_sections)
vstack(tup * dtype casting)
where(condition x y)
who(vardict)
zeros(shape dtype order)
zeros_like(a dtype order subok shape)
"""
)

METHODS = signatures(
    """
all(axis out keepdims)
any(axis out keepdims)
argmax(axis out dtype keepdims)
argmin(axis out dtype keepdims)
argpartition(kth axis)
argsort(axis kind)
astype(dtype order casting subok copy)
byteswap(inplace)
choose(choices out mode)
clip(min max out)
compress(condition axis out)
conj()
conjugate()
copy(order)
cumprod(axis dtype out)
cumsum(axis dtype out)
diagonal(offset axis1 axis2)
dot(b out)
dump(file)
dumps()
fill(value)
flatten(order)
get(stream order out blocking)
item()
max(axis out keepdims)
mdspan(* index_type allow_unsafe)
mean(axis dtype out keepdims)
min(axis out keepdims)
nonzero()
partition(kth axis)
prod(axis dtype out keepdims)
ptp(axis out keepdims)
put(indices values mode)
ravel(order)
reduced_view(dtype)
repeat(repeats axis)
reshape(*shape order copy)
round(decimals out)
scatter_add(slices value)
scatter_max(slices value)
scatter_min(slices value)
searchsorted(v side sorter)
set(arr stream)
sort(axis kind)
squeeze(axis)
std(axis dtype out ddof keepdims)
sum(axis dtype out keepdims)
swapaxes(axis1 axis2)
take(indices axis out)
toDlpack()
tobytes(order)
tofile(fid sep format)
tolist()
trace(offset axis1 axis2 dtype out)
transpose(*axes)
var(axis dtype out ddof keepdims)
view(dtype array_class)
"""
)

LINALG = signatures(
    """
matrix_power(M n)
cross(x1 x2 * axis)
matmul(x1 x2 **kwargs)
matrix_transpose(a)
cholesky(a)
qr(a mode)
svd(a full_matrices compute_uv)
eigh(a UPLO)
eig(a)
eigvalsh(a UPLO)
eigvals(a)
norm(x ord axis keepdims)
cond(x p)
det(a)
matrix_rank(M tol)
slogdet(a)
solve(a b)
tensorsolve(a b axes)
lstsq(a b rcond)
inv(a)
pinv(a rcond)
tensorinv(a ind)
"""
)
